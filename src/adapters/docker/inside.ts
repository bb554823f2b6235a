import type { Duplex } from 'node:stream';
import { Absent, Failure } from '../../errors.ts';
import type { CommandResult } from '../../runner/ports/ports.ts';
import { LOOK_FOR_RELAYS, relayTo, RELAYS_FOR_HAPROXY, type Relay } from '../relay.ts';
import type { Engine } from './engine.ts';
import { openIn } from './exec-channel.ts';
import { executed } from './exec.ts';
import { bare, type InspectedContainer, type InspectedMount } from './inspections.ts';

/** Where on the host the files and processes of a container are. Asked anew each time: a restart moves them. */
export interface InsideContainer {
  /** What is mounted there from the host, else the path as the container's first process sees it, which only root may. */
  readonly pathOf: (path: string) => Promise<string>;
  /** A /proc that has the container's processes by the ids that they have in it; only root may look. */
  readonly procDir: () => Promise<string>;
  /** Whether something of the host is mounted at exactly this path. */
  readonly isMount: (path: string) => Promise<boolean>;
  /** What the Engine does in it instead, as root, where the host does not let us look. */
  readonly within: WithinContainer;
}

export interface WithinContainer {
  /** A stream to the socket of that path, by a program that is there. */
  readonly openSocket: (path: string) => Promise<Duplex>;
  /** How it has been reached, as it is told; undefined: it has not. */
  readonly channelTo: (path: string) => string | undefined;
  readonly run: (words: readonly string[], withinMs?: number) => Promise<CommandResult>;
}

const RUNS_WITHIN_MS = 10_000;

/** @throws Failure `docker`, from each look, while the container does not run */
export function insideOf(
  engine: Engine,
  name: string,
  inspected: () => Promise<InspectedContainer | undefined>,
): InsideContainer {
  const { host } = engine;
  const running = async (): Promise<{ readonly root: string; readonly mounts: readonly InspectedMount[] }> => {
    const container = await inspected();
    const cannot = `Cannot look into container ${name} on ${host}`;
    if (!container) throw new Absent('docker', `${cannot}: there is no such container`);
    const { Running: isRunning, Pid: pid, Status: status } = container.State;
    const isGone = !isRunning && status !== 'restarting';
    if (isGone) throw new Absent('docker', `${cannot}: it is ${status}`);
    if (!isRunning || pid === undefined || pid === null || pid === 0)
      throw new Failure('docker', `${cannot}: it is ${status}`);
    return { root: `/proc/${pid}/root`, mounts: container.Mounts ?? [] };
  };
  return {
    pathOf: async (path) => {
      const { root, mounts } = await running();
      return mountedAt(path, mounts) ?? `${root}${path}`;
    },
    procDir: async () => `${(await running()).root}/proc`,
    isMount: async (path) => (await running()).mounts.some(({ Destination }) => bare(Destination) === path),
    within: withinOf(engine, name),
  };
}

function withinOf(engine: Engine, name: string): WithinContainer {
  let there: readonly string[] | undefined;
  const proven = new Map<string, Relay>();
  const run = async (words: readonly string[], withinMs = RUNS_WITHIN_MS): Promise<CommandResult> =>
    executed({ engine, name, command: words, user: '0', withinMs });
  const relayFor = async (path: string): Promise<Relay> => {
    there ??= (await run(['sh', '-c', LOOK_FOR_RELAYS])).output.split('\n');
    const relay = relayTo({ path, speaks: undefined, become: false }, there);
    if (relay) return relay;
    const why = `it has none of ${RELAYS_FOR_HAPROXY} to carry it`;
    throw new Failure('refused', `Cannot open ${path} in container ${name} on ${engine.host}: ${why}`);
  };
  return {
    run,
    openSocket: async (path) => {
      const relay = await relayFor(path);
      const socket = await openIn({ engine, name, path, relay, onProven: () => proven.set(path, relay) });
      // The container may have been made anew, from another image.
      socket.once('error', (error: Error) => {
        if (!(error instanceof Failure) || error.code !== 'refused') return;
        there = undefined;
        proven.delete(path);
      });
      return socket;
    },
    channelTo: (path) => {
      const relay = proven.get(path);
      return relay && `docker exec: ${relay.told}`;
    },
  };
}

/** By the mount that reaches deepest. */
function mountedAt(path: string, mounts: readonly InspectedMount[]): string | undefined {
  const covering = mounts
    .map(({ Source: source, Destination }) => ({ source: source ?? '', target: bare(Destination) }))
    .filter(({ source, target }) => source !== '' && (path === target || path.startsWith(`${target}/`)))
    .toSorted((one, other) => other.target.length - one.target.length);
  const [deepest] = covering;
  return deepest && `${bare(deepest.source)}${path.slice(deepest.target.length)}`;
}
