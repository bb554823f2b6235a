import type { Duplex, Readable } from 'node:stream';

/** Where a channel leads, on the host: a command's input and output, a unix socket, or a TCP port as seen from there. */
export type Target =
  { readonly command: string } | { readonly socket: string } | { readonly address: string; readonly port: number };

/**
 * A channel as SSH has it (RFC 4254, 5). `end`: nothing more comes; `exit`, of a command: its status, or null and the
 * signal; `close`: it is over, and all that came has been read.
 */
export interface Channel extends Duplex {
  readonly stderr: Pick<Readable, 'on'>;
  /** Sends the command a signal, such as `KILL`. */
  signal(name: string): void;
  close(): void;
}

/** A channel that the server would not open, with its reason as RFC 4254, 5.1 numbers it. */
export interface OpenError extends Error {
  readonly reason?: number;
}

/** Given either of the two. */
export type Opened = (error: Error | undefined, channel?: Channel) => void;

/** `late`: the other side has fallen silent, and what was sent to it since may arrive when the network is back. */
export type Left = 'late';

/** A connection to a host that was made, whoever made it. */
export interface Carrier {
  /**
   * Calls `opened` at once when the server answers, since the channel's end may stand in the very same packet; never
   * when the connection is lost first.
   *
   * @throws Error when the connection broke and that was not told yet
   */
  open(target: Target, opened: Opened): void;
  /** Calls `tell` once the connection is gone, and why. */
  onEnd(tell: (why: string, left?: Left) => void): void;
  /** Closes it, and resolves once it is closed. */
  end(): Promise<void>;
  /** What `ssh` takes for ProxyCommand to get to %h:%p through this connection; undefined: it cannot. */
  readonly proxyCommand: string | undefined;
}
