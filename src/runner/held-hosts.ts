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
}

/** The hosts of a run, all locked, until released. */
export interface HeldHosts {
  readonly host: (name: string) => HeldHost;
  readonly release: () => Promise<void>;
}

/**
 * Connects to all hosts and locks them: all or none. A host that cannot be locked is not waited for, so two runs
 * cannot wait for one another.
 *
 * @throws Failure `locked` if another run holds one of them, else `unreachable`; everything is reported before
 */
export async function holdHosts(
  names: readonly string[],
  {
    fleet,
    report,
    limit,
    identity,
  }: {
    readonly fleet: Fleet;
    readonly report: Report;
    readonly limit: LimitFunction;
    readonly identity: RunIdentity;
  },
): Promise<HeldHosts> {
  const hosts = [...new Set(names)].toSorted();
  const locks: Lock[] = [];
  const held = new Map<string, HeldHost>();
  const release = async (): Promise<void> => {
    await Promise.allSettled(locks.map((lock) => lock.release()));
  };
  const settled = await Promise.allSettled(
    hosts.map((name) =>
      limit(async () => {
        const access = await fleet.host(name);
        locks.push(await access.lock(`${identity.by}, run ${identity.run}`));
        held.set(name, { access, undo: await Undo.of(access.record) });
      }),
    ),
  );
  const failures = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (failures.length > 0) {
    await release();
    throw refusal(failures, report);
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

function refusal(failures: readonly unknown[], report: Report): unknown {
  const foreseen = failures.filter((failure) => failure instanceof Failure);
  if (foreseen.length < failures.length) return failures.find((failure) => !(failure instanceof Failure));
  for (const failure of foreseen) report({ type: 'problem', host: '', text: failure.message });
  const code = foreseen.find((failure) => failure.code === 'locked')?.code ?? foreseen[0]?.code ?? 'error';
  const hosts = foreseen.length === 1 ? 'one host' : `${foreseen.length} hosts`;
  return new Failure(code, `Cannot start: ${hosts} cannot be had (above); nothing was touched`);
}
