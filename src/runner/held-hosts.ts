import type { LimitFunction } from 'p-limit';
import { Failure } from '../errors.ts';
import type { Report } from '../rollout/events.ts';
import type { Fleet, HostAccess, Lock } from './ports.ts';
import { Undo } from './undo.ts';
import type { RunIdentity } from './work.ts';

/** A host that the run holds: connected, locked, its undo record in hand. */
export interface HeldHost {
  readonly access: HostAccess;
  readonly undo: Undo;
  /**
   * Makes sure that the host is still ours: a lock that went with its connection is taken again.
   *
   * @throws Failure `locked` or `error` when somebody else has had the host meanwhile
   */
  readonly keep: () => Promise<void>;
}

/** The hosts of a run, all locked, until released. */
export interface HeldHosts {
  readonly host: (name: string) => HeldHost;
  readonly release: () => Promise<void>;
}

interface HoldContext {
  readonly fleet: Fleet;
  readonly report: Report;
  readonly limit: LimitFunction;
  readonly identity: RunIdentity;
  /** Asked of each host that cannot be had: whether the run goes on without it. */
  readonly goWithout?: (host: string, failure: Failure) => boolean;
}

/**
 * Connects to all hosts and locks them: all or none. A host that cannot be locked is not waited for, so two runs
 * cannot wait for one another.
 *
 * @throws Failure `locked` if another run holds one of them, else `unreachable`; everything is reported before
 */
export async function holdHosts(names: readonly string[], context: HoldContext): Promise<HeldHosts> {
  const hosts = [...new Set(names)].toSorted();
  const held = new Map<string, HeldHost & { release(): Promise<void> }>();
  const release = async (): Promise<void> => {
    await Promise.allSettled([...held.values()].map((host) => host.release()));
  };
  const failures: Failure[] = [];
  const settled = await Promise.allSettled(
    hosts.map((name) =>
      context.limit(async () => {
        try {
          held.set(name, await hold(name, context));
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          if (context.goWithout?.(name, error)) return;
          context.report({ type: 'problem', host: name, text: error.message });
          failures.push(error);
        }
      }),
    ),
  );
  const bug = settled.find((result) => result.status === 'rejected');
  if (bug ?? failures.length > 0) {
    await release();
    throw bug ? bug.reason : refusal(failures);
  }
  return {
    host: (name) => {
      const host = held.get(name);
      if (!host) throw new Error(`${name} is not one of the hosts of this run`);
      return host;
    },
    release,
  };
}

async function hold(name: string, { fleet, identity }: HoldContext): Promise<HeldHost & { release(): Promise<void> }> {
  const access = await fleet.host(name);
  const holder = `${identity.by}, run ${identity.run}`;
  let lock: Lock = await access.lock(holder);
  const undo = await Undo.of(access.record).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  return {
    access,
    undo,
    keep: async () => {
      if (!lock.lost.aborted) return;
      lock = await access.lock(holder);
      await undo.refresh();
      const stranger = undo.entries.find(({ run }) => run !== identity.run);
      if (stranger) throw new Failure('error', `Cannot go on with ${name}: ${stranger.by} has worked on it meanwhile`);
    },
    release: () => lock.release(),
  };
}

function refusal(failures: readonly Failure[]): Failure {
  const code = failures.find((failure) => failure.code === 'locked')?.code ?? failures[0]?.code ?? 'error';
  const hosts = failures.length === 1 ? 'one host' : `${failures.length} hosts`;
  return new Failure(code, `Cannot start: ${hosts} cannot be had (above); nothing was touched`);
}
