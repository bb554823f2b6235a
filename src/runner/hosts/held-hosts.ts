import type { LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import { explainPush } from '../../rollout/balancer-config.ts';
import { explainLock, type FoundLock, type LockOwner } from '../../rollout/lock.ts';
import type { Server } from '../../rollout/model.ts';
import { gather, type Conflict, type Gathered, type Take } from './gather.ts';
import { hold, type Holding } from './hold.ts';
import type { HostAccess } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import type { ServerAccess } from '../instance/traffic.ts';
import type { Undo } from '../instance/undo.ts';
import { backOf } from '../instance/work.ts';

/** How long a run lives that nobody hears of, in milliseconds: what `lock.json` tells the others. */
const TTL_MS = 45_000;
/** Between two attempts of a run that waits for a lock, in milliseconds; as much again by chance. */
const AGAIN_AFTER_MS = 2_000;
const WAITING_EVERY_MS = 30_000;

/** A host that the run holds: connected, locked, its undo record in hand. */
export interface HeldHost {
  /** Its changes are fenced: each is made only while the lock is surely ours. */
  readonly access: HostAccess;
  readonly undo: Undo;
  /** The lock of a run that died. */
  readonly dead: FoundLock | undefined;
  /** An earlier run that has left instances in work here. */
  readonly leftBy: string | undefined;
  /**
   * Makes sure that the host is still ours, as every change does; a lock that has become unsure is taken again.
   *
   * @throws Failure `locked` when somebody else has had it meanwhile, or it was broken
   */
  readonly keep: () => Promise<void>;
  /** The way to a server of a container here: its balancer may be on another host that is held. */
  readonly reach: (server: Server) => ServerAccess;
  /** Why the balancer of a server is not held, where it is gone without; such a server cannot be reached. */
  readonly lacks: (server: Server) => Failure | undefined;
}

/** The hosts of a run, all locked, until released. */
export interface HeldHosts {
  readonly all: readonly HeldHost[];
  readonly host: (name: string) => HeldHost;
  /**
   * Takes one more into the run, that it had gone without. Nobody is waited for.
   *
   * @throws Failure when it cannot be had: `unreachable`, `locked`, or `error` while something is left there to be undone
   */
  readonly join: (name: string) => Promise<void>;
  readonly release: () => Promise<void>;
}

/** How a run goes about its locks. */
export interface Locking {
  /** Where this controller runs, and as what process. */
  readonly machine: string;
  readonly pid: number;
  /** A word that no other process has. */
  readonly nonce: string;
  /** The command, for those who find the lock. */
  readonly reason: string;
  /** How long to wait for hosts that others hold, in milliseconds. */
  readonly waitMs: number;
  /** Whether what a run that died has left is to be recovered first, instead of being a reason not to start. */
  readonly takeOver: boolean;
}

export type HoldContext = Pick<
  RunContext,
  'fleet' | 'report' | 'identity' | 'clock' | 'stop' | 'random' | 'locking'
> & {
  readonly limit: LimitFunction;
  /** Asked of each host that cannot be had: whether the run goes on without it. */
  readonly goWithout?: (host: string, failure: Failure) => boolean;
  /** The same of each host that only has balancers which something is recorded of; undefined: none is gone without. */
  readonly goWithoutBalancer?: (failure: Failure) => boolean;
  /** Told of the runs whose dead locks were found, before any of these is claimed; what it throws lets go of all hosts. */
  readonly onHeld?: ((died: readonly string[]) => Promise<void>) | undefined;
  /** Whether it is for this run to go on with pushes of HAProxy's configuration that have died. */
  readonly goesOnWithPushes?: true;
};

/**
 * Connects to all hosts and locks them, with those whose balancers have servers in the records of these: all or none.
 * Nobody waits while it holds something, so two runs cannot wait for one another; what waits, waits with empty hands.
 *
 * `deadLocks`: what `recover` and its like are for is no obstacle to them (`claim`); others refuse a host on which a
 * run that died has left instances in work, unless told to take over.
 *
 * @throws Failure `locked` if another run holds one of them, else `unreachable`; everything is reported before
 */
export async function holdHosts(
  names: readonly string[],
  context: HoldContext,
  deadLocks: 'refuse' | 'claim' = 'refuse',
  missing = new Map<string, Failure>(),
): Promise<HeldHosts> {
  const hosts = [...new Set(names)].toSorted();
  const owner = ownerOf(context);
  const take = async (name: string): Promise<Holding | Conflict | undefined> => {
    try {
      return await hold(name, owner, context);
    } catch (error) {
      if (error instanceof Failure && context.goWithout?.(name, error)) return undefined;
      throw error;
    }
  };
  const held = await all(hosts, take, context);
  const more = balancersOf(held).filter((name) => !missing.has(name));
  if (more.length > 0) {
    await releaseAll(held, context);
    const goWithout = (host: string, failure: Failure): boolean => {
      if (!more.includes(host)) return context.goWithout?.(host, failure) === true;
      if (context.goWithoutBalancer?.(failure) !== true) return false;
      missing.set(host, failure);
      return true;
    };
    return holdHosts([...hosts, ...more], { ...context, goWithout }, deadLocks, missing);
  }
  try {
    if (!context.goesOnWithPushes) refusePushes(held, context);
    if (deadLocks === 'refuse' && !context.locking.takeOver) refuseLeftovers(held, context);
    await context.onHeld?.([...held.values()].flatMap(({ dead }) => dead?.owner?.run ?? []));
    for (const one of held.values()) {
      if (one.dead) await claimed(one, one.dead, context);
    }
  } catch (error) {
    await releaseAll(held, context);
    throw error;
  }
  return handed(held, missing, context);
}

/** Into the hands of the run. */
function handed(
  first: ReadonlyMap<string, Holding>,
  missing: ReadonlyMap<string, Failure>,
  context: HoldContext,
): HeldHosts {
  const held = new Map(first);
  const get = (name: string): Holding => {
    const host = held.get(name);
    if (!host) throw new Error(`${name} is not one of the hosts of this run`);
    return host;
  };
  const reach = (server: Server): ServerAccess => {
    return { server, balancer: get(server.balancer.host).access.balancer(server.balancer) };
  };
  const lacks = ({ balancer: { host } }: Server): Failure | undefined =>
    held.has(host) ? undefined : missing.get(host);
  return {
    get all() {
      return [...held.values()].map((host) => ({ ...host, reach, lacks }));
    },
    host: (name) => ({ ...get(name), reach, lacks }),
    join: async (name) => {
      if (!held.has(name)) held.set(name, await oneMore(name, context));
    },
    release: () => releaseAll(held, context),
  };
}

async function claimed(one: Holding, dead: FoundLock, { report, clock }: HoldContext): Promise<void> {
  await one.claim();
  const text = `Taken over from a run that died: ${explainLock(dead, clock.date())}`;
  report({ type: 'warning', host: one.access.name, text });
}

/** What holds for all hosts when a run begins holds for one that comes later. */
async function oneMore(name: string, context: HoldContext): Promise<Holding> {
  const one = await hold(name, ownerOf(context), context);
  if ('found' in one) {
    throw new Failure('locked', `Cannot lock ${name}: ${explainLock(one.found, context.clock.date())}`);
  }
  const [push] = one.pushes;
  const left = push ? explainPush(push) : one.leftBy && `run ${one.leftBy} has left instances in work there`;
  if (left !== undefined) {
    await one.release();
    throw new Failure('error', `Cannot lock ${name}: ${left}`);
  }
  try {
    if (one.dead) await claimed(one, one.dead, context);
    return one;
  } catch (error) {
    await one.release();
    throw error;
  }
}

/** The hosts of the balancers that something is recorded of, and that are not held. */
function balancersOf(held: ReadonlyMap<string, Holding>): string[] {
  const entries = [...held.values()].flatMap(({ undo }) => undo.entries);
  return entries.map(({ server }) => server.balancer.host).filter((name) => !held.has(name));
}

/** Tries to get them all, as long as it may wait for those that others hold. */
async function all(hosts: readonly string[], take: Take, context: HoldContext): Promise<ReadonlyMap<string, Holding>> {
  const { clock, report, stop, random, locking } = context;
  const deadline = clock.now() + locking.waitMs;
  let tellAt = clock.now();
  for (;;) {
    const gathered = await gather(hosts, take, context);
    if (gathered.failures.length + gathered.conflicts.length === 0) return gathered.held;
    const leftMs = deadline - clock.now();
    if (gathered.failures.length > 0 || leftMs <= 0) return refuse(gathered, context);
    if (clock.now() >= tellAt) {
      tellAt = clock.now() + WAITING_EVERY_MS;
      report({ type: 'lock-waiting', locks: gathered.conflicts, leftMs });
    }
    await clock.sleep(Math.min(leftMs, AGAIN_AFTER_MS * (1 + random())), stop.beforeNext);
    stop.beforeNext.throwIfAborted();
  }
}

function refuse({ conflicts, failures }: Gathered, { report, clock }: HoldContext): never {
  for (const { host, found } of conflicts) {
    const text = `Cannot lock ${host}: ${explainLock(found, clock.date())}${remedy(host, found)}`;
    report({ type: 'problem', host, text });
  }
  for (const { host, failure } of failures) report({ type: 'problem', host, text: failure.message });
  const code = conflicts.length > 0 ? 'locked' : (failures[0]?.failure.code ?? 'error');
  throw cannotStart(code, conflicts.length + failures.length);
}

function remedy(host: string, { state }: FoundLock): string {
  return state === 'held' ? `; it can be had after "sluice lock release ${host}"` : '';
}

function refuseLeftovers(held: ReadonlyMap<string, Holding>, { report, clock }: HoldContext): void {
  const left = [...held.values()].filter(({ dead, leftBy }) => dead && leftBy !== undefined);
  for (const { dead, leftBy, access } of left) {
    if (!dead) continue;
    const what = `${explainLock(dead, clock.date())}, and left instances in work`;
    const resume = resumedBy(dead, leftBy);
    const ways = [
      ...[`put them back with "sluice recover ${access.name}"`, ...(resume === undefined ? [] : [resume])],
      'or say --take-over to have them put back first',
    ];
    report({ type: 'problem', host: access.name, text: `Cannot lock ${access.name}: ${what}: ${ways.join(', ')}` });
  }
  if (left.length > 0) throw cannotStart('locked', left.length);
}

/** Only a rollout can be gone on with; whether it was one is known of the run whose lock it is. */
function resumedBy({ owner }: FoundLock, leftBy: string | undefined): string | undefined {
  if (!owner || !/^(rollout|resume) /.test(owner.reason)) return undefined;
  const isIts = leftBy === owner.run || leftBy === backOf(owner.run);
  return isIts ? `go on with that run by "sluice resume ${owner.run}"` : undefined;
}

/** The file of HAProxy may be the passage of a dead push: with any reload servers would stand as that one found them. */
function refusePushes(held: ReadonlyMap<string, Holding>, { report }: HoldContext): void {
  const left = [...held.values()].filter(({ pushes }) => pushes.length > 0);
  for (const { access, pushes } of left) {
    for (const push of pushes) {
      const text = `Cannot lock ${access.name}: ${explainPush(push)}`;
      report({ type: 'problem', host: access.name, text });
    }
  }
  if (left.length > 0) throw cannotStart('locked', left.length);
}

function cannotStart(code: Failure['code'], count: number): Failure {
  const hosts = count === 1 ? 'one host' : `${count} hosts`;
  return new Failure(code, `Cannot start: ${hosts} cannot be had (above); nothing was touched`);
}

/** A lock that cannot be released is found dead by the next run; it must not hide what this one came to. */
async function releaseAll(held: ReadonlyMap<string, Holding>, { report }: HoldContext): Promise<void> {
  const hosts = [...held.values()];
  const settled = await Promise.allSettled(hosts.map((host) => host.release()));
  for (const [index, result] of settled.entries()) {
    if (result.status === 'fulfilled') continue;
    if (!(result.reason instanceof Failure)) throw result.reason;
    const text = `The lock stays behind: ${result.reason.message}`;
    report({ type: 'warning', host: hosts[index]?.access.name ?? '', text });
  }
}

function ownerOf({ identity, locking, clock }: HoldContext): LockOwner {
  const { run, by } = identity;
  const { machine, pid, nonce, reason } = locking;
  return { kind: 'run', run, machine, pid, nonce, by, reason, since: clock.date().toISOString(), ttlMs: TTL_MS };
}
