/** `sluice lock`: looks at the locks of hosts, takes them on purpose, releases and breaks them. */
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../../errors.ts';
import { explainLock, type FoundLock, type LockOwner } from '../../rollout/lock.ts';
import { problem } from './findings.ts';
import type { HostAccess } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { LATE_WITHIN_MS } from '../waiting/persist.ts';
import { isPassing } from '../waiting/poll.ts';

export interface HostLockState {
  readonly host: string;
  /** Undefined: nobody holds it, or it could not be looked at. */
  readonly lock: FoundLock | undefined;
  readonly failure: Failure | undefined;
}

type LockContext = Pick<RunContext, 'fleet' | 'report' | 'identity' | 'clock' | 'locking' | 'forks' | 'stop'>;

export async function listLocks(
  hosts: readonly string[],
  context: Pick<LockContext, 'fleet' | 'forks' | 'stop'>,
): Promise<readonly HostLockState[]> {
  return onEach(hosts, context.forks, async (host): Promise<HostLockState> => {
    try {
      return { host, lock: await (await reach(host, context)).lock.look(), failure: undefined };
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      return { host, lock: undefined, failure };
    }
  });
}

/**
 * Holds all of the hosts on purpose, or none: also when it is asked to stop before it has them.
 *
 * @throws Failure `locked` when somebody else has one of them, else `interrupted`, `unreachable` or `error`
 */
export async function holdOnPurpose(hosts: readonly string[], note: string, context: LockContext): Promise<void> {
  const { fleet, identity, locking, clock, stop } = context;
  const { machine, pid, nonce } = locking;
  const since = clock.date().toISOString();
  const owner: LockOwner = { kind: 'hold', ...identity, machine, pid, nonce, reason: note, since, ttlMs: 0 };
  const taken: string[] = [];
  // Those whose answer was lost: they may be held.
  const unsure: string[] = [];
  const obstacles = await collect(hosts, context, async (host) => {
    const { lock } = await reach(host, context);
    try {
      const inTheWay = await lock.hold(owner);
      if (inTheWay) return inTheWay;
    } catch (error) {
      if (error instanceof Failure && isPassing(error)) unsure.push(host);
      throw error;
    }
    taken.push(host);
    return undefined;
  });
  if (obstacles.length === 0 && !stop.beforeNext.aborted) return;
  // What was asked for may yet be carried out.
  if (unsure.length > 0) await clock.sleep(LATE_WITHIN_MS, new AbortController().signal);
  const mine: FoundLock = { state: 'held', owner, ageMs: undefined };
  const free = async (host: string): Promise<unknown> => (await fleet.host(host)).lock.free(mine, false);
  const freed = await Promise.allSettled([...taken, ...unsure].map(free));
  for (const [index, host] of [...taken, ...unsure].entries()) {
    if (freed[index]?.status !== 'rejected') continue;
    const what = taken.includes(host) ? 'it is held on purpose' : 'whether it is held on purpose is not known';
    const text = `The lock stays behind: ${what}: "sluice lock release ${host}"`;
    context.report({ type: 'warning', host, text });
  }
  stop.beforeNext.throwIfAborted();
  throw refusal('take', obstacles);
}

/**
 * Lets go of what the same person has taken on purpose; hosts that nobody holds are left alone.
 *
 * @returns how many were released
 * @throws Failure `locked` when one of them is held by a run or by somebody else; then none was released
 */
export async function releaseLocks(hosts: readonly string[], context: LockContext): Promise<number> {
  const { by } = context.identity;
  const found = await lookAtAll(hosts, context);
  const foreign = found.filter(({ lock }) => lock.state !== 'held' || lock.owner?.by !== by);
  report(foreign, context, '; only "sluice lock break" can remove it');
  if (foreign.length > 0) throw refusal('release', [{ failure: undefined }]);
  return freeAll(found, { verb: 'release', force: false, context });
}

export interface BreakRequest {
  readonly hosts: readonly string[];
  /** Also a live one, whose run then stops. */
  readonly force: boolean;
  readonly confirm: (locks: readonly string[]) => Promise<boolean>;
}

/**
 * Removes locks that are dead or held on purpose, whoever's they are.
 *
 * @returns how many were broken
 * @throws Failure `locked` when one of them is of a run that lives, without `force`
 */
export async function breakLocks({ hosts, force, confirm }: BreakRequest, context: LockContext): Promise<number> {
  const found = await lookAtAll(hosts, context);
  const live = found.filter(({ lock }) => lock.state === 'live');
  if (live.length > 0 && !force) {
    report(live, context, '; it lives: stop it there, or say --force');
    throw refusal('break', [{ failure: undefined }]);
  }
  const now = context.clock.date();
  if (found.length > 0 && !(await confirm(found.map(({ host, lock }) => `${host}: ${explainLock(lock, now)}`)))) {
    throw new Failure('interrupted', 'Nothing was changed: it was not confirmed');
  }
  return freeAll(found, { verb: 'break', force, context });
}

interface Found {
  readonly host: string;
  readonly lock: FoundLock;
}

async function lookAtAll(hosts: readonly string[], context: LockContext): Promise<readonly Found[]> {
  const states = await listLocks(hosts, context);
  context.stop.beforeNext.throwIfAborted();
  const failed = states.filter(({ failure }) => failure !== undefined);
  for (const { host, failure } of failed) context.report({ type: 'problem', host, text: failure?.message ?? '' });
  if (failed.length > 0) throw refusal('look at', failed);
  return states.flatMap(({ host, lock }) => (lock ? [{ host, lock }] : []));
}

async function freeAll(
  found: readonly Found[],
  { verb, force, context }: { readonly verb: string; readonly force: boolean; readonly context: LockContext },
): Promise<number> {
  const locks = new Map(found.map(({ host, lock }) => [host, lock]));
  const freed: string[] = [];
  const obstacles = await collect([...locks.keys()], context, async (host) => {
    const lock = locks.get(host);
    const inTheWay = lock && (await (await reach(host, context)).lock.free(lock, force));
    if (!inTheWay) freed.push(host);
    return inTheWay;
  });
  const { beforeNext } = context.stop;
  if (beforeNext.aborted && freed.length < locks.size) {
    const done = freed.length === 0 ? 'the locks are' : `only those of ${freed.join(', ')} are free, the others are`;
    throw new Failure('interrupted', `${reasonOf(beforeNext.reason)}: ${done} as they were`);
  }
  if (obstacles.length > 0) throw refusal(verb, obstacles);
  return found.length;
}

interface Obstacle {
  /** Undefined: somebody's lock. */
  readonly failure: Failure | undefined;
}

/** Does it on all hosts, and reports what is in the way. */
async function collect(
  hosts: readonly string[],
  context: LockContext,
  act: (host: string) => Promise<FoundLock | undefined>,
): Promise<readonly Obstacle[]> {
  const outcomes = await onEach(hosts, context.forks, async (host): Promise<Obstacle | undefined> => {
    try {
      const lock = await act(host);
      if (!lock) return undefined;
      report([{ host, lock }], context, '');
      return { failure: undefined };
    } catch (error) {
      const { text } = problem(host, error);
      if (!context.stop.beforeNext.aborted) context.report({ type: 'problem', host, text });
      return error instanceof Failure ? { failure: error } : undefined;
    }
  });
  return outcomes.filter((outcome) => outcome !== undefined);
}

function report(found: readonly Found[], context: LockContext, remedy: string): void {
  for (const { host, lock } of found) {
    const text = `${explainLock(lock, context.clock.date())}${remedy}`;
    context.report({ type: 'problem', host, text });
  }
}

function refusal(verb: string, obstacles: readonly Obstacle[]): Failure {
  const isLocked = obstacles.some(({ failure }) => !failure);
  const code = isLocked ? 'locked' : (obstacles[0]?.failure?.code ?? 'error');
  return new Failure(code, `Cannot ${verb} the locks of all these hosts (above)`);
}

/** Connects, unless it is asked to stop meanwhile: a host that does not answer must keep nobody waiting. */
async function reach(host: string, { fleet, stop }: Pick<LockContext, 'fleet' | 'stop'>): Promise<HostAccess> {
  const { beforeNext } = stop;
  beforeNext.throwIfAborted();
  const connected = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    const give = (): void => {
      reject(beforeNext.reason as Error);
    };
    beforeNext.addEventListener('abort', give, { once: true, signal: connected.signal });
  });
  try {
    return await Promise.race([fleet.host(host), stopped]);
  } finally {
    connected.abort();
  }
}

async function onEach<T>(hosts: readonly string[], forks: number, act: (host: string) => Promise<T>): Promise<T[]> {
  const limit = pLimit(forks);
  return Promise.all(hosts.map((host) => limit(() => act(host))));
}
