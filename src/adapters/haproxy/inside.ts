import type { Duplex } from 'node:stream';
import type { RunThere } from './seen-processes.ts';

/** Where the files and processes of an HAProxy are, seen from its host. */
export interface Inside {
  /** The path on the host of what is `path` to HAProxy. */
  readonly pathOf: (path: string) => Promise<string>;
  /** A /proc that has its processes by the ids that it knows them by. */
  readonly procDir: () => Promise<string>;
  /** Where it runs in a container: another way, for what its host does not let us see. */
  readonly within?: Within;
}

export interface Within {
  /** A stream to the socket that is `path` to HAProxy. */
  readonly openSocket: (path: string) => Promise<Duplex>;
  /** How it has been reached so, as it is told; undefined: it has not. */
  readonly channelTo: (path: string) => string | undefined;
  readonly run: RunThere;
}

/** An HAProxy that is no container's. */
export const onHost: Inside = {
  pathOf: (path) => Promise.resolve(path),
  procDir: () => Promise.resolve('/proc'),
};
