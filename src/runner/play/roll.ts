import pLimit, { type LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import { oneByOne } from '../../rollout/at-once.ts';
import { unitsOf } from '../../rollout/company.ts';
import { serversOf, type Instance, type Server } from '../../rollout/model.ts';
import type { Report } from '../../rollout/events.ts';
import type { HostPlan, InstancePlan, PlayPlan } from '../../rollout/plan.ts';
import type { AdvanceContext, InstanceEnd } from '../instance/advance.ts';
import { companyOf, type Company } from '../instance/company.ts';
import { rollBatches, type PlayEnd } from './batches.ts';
import { Beside } from './beside.ts';
import { withinDeadline } from '../instance/deadline.ts';
import { goOn } from '../instance/go-on.ts';
import { afterHost, afterInstance, beforeHost, beforeInstance, beforeTraffic, type InBatch } from './around.ts';
import type { Asking, Commands } from '../ports/commands.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import { lockLost, outOfReach } from './in-reach.ts';
import { joinedBy, type LateBalancers } from './late-balancers.ts';
import { lostOf, notReached, summaryOf, type HostRun } from './host-run.ts';
import type { Lockstep } from './lockstep.ts';
import { Monitors } from './monitors.ts';
import { isOutInFront, OutInFront } from './out-in-front.ts';
import { takeBackTogether, togetherWith } from './served-badly.ts';
import type { TakenBack } from './taken-back.ts';
import type { Pace } from './pace.ts';
import { isOwn } from '../instance/recorded.ts';
import type { Resumption } from '../../rollout/resumption.ts';
import { Turns } from '../instance/turns.ts';
import { markOf, workOn, type RunIdentity, type Work } from '../instance/work.ts';

export interface RollContext extends AdvanceContext {
  readonly controller: Commands & Asking;
  readonly hide: (text: string) => string;
  readonly identity: RunIdentity;
  readonly forks: number;
  readonly held: (host: string) => HeldHost;
  readonly pace: Pace;
  /** What the first part of the run has come to, when it is gone on with. */
  readonly resumption?: Resumption | undefined;
  /** Of all that work at the same time; its own when nobody else does. */
  readonly turns?: Turns;
  /** Of all that work at the same time, too. */
  readonly front?: OutInFront;
  readonly late?: LateBalancers;
  /** Takes instances that this run has updated back to what it found; without it they stay. */
  readonly takeBack?: (instances: readonly TakenBack[], report: Report) => Promise<PlayEnd>;
}

interface PlayContext extends RollContext {
  readonly monitors: Monitors;
  readonly turns: Turns;
  readonly front: OutInFront;
  /** Hosts that are worked on at the same time. */
  readonly limit: LimitFunction;
  /** Instances that are in work at the same time, over all hosts. */
  readonly throttle: LimitFunction;
}

/**
 * Rolls one play out: the batches one after the other, or in a window, the hosts of a batch at the same time, the
 * instances of a host one at a time, or as many as the play says. Monitors go on beside the next instances and batches;
 * the play ends when the last of them has.
 *
 * A batch that has started always ends: neither a failed host nor a stop leaves an instance half-way. They only keep
 * the next instance, and the next batch, from starting.
 */
export async function roll(plan: PlayPlan, context: RollContext): Promise<PlayEnd> {
  const { perHost, inAll = Infinity } = plan.atOnce ?? oneByOne;
  const monitors = new Monitors({
    ...{ ...context, perHost },
    together: (instance) => togetherWith(instance, plan, context.resumption),
    takeBack: (instances, failure) => takeBackTogether(instances, failure, { plan, context }),
  });
  const onNamed = (): void => {
    monitors.touchMore();
  };
  context.late?.whoListens.add(onNamed);
  try {
    const { turns = new Turns(), front = new OutInFront() } = context;
    const [limit, throttle] = [pLimit(context.forks), pLimit(inAll)];
    const playing: PlayContext = { ...context, monitors, turns, front, limit, throttle };
    return await rollBatches(plan, {
      ...{ ...context, monitors, limit },
      updateHost: (host, at) => updateHost(host, at, playing),
      notReached: (host) => notReached(host, leftInWork(host, context), isOutInFront(context.held(host.host))),
    });
  } finally {
    context.late?.whoListens.delete(onNamed);
    monitors.quit();
  }
}

/** The batch in work, and who keeps step in it. */
interface InStep extends InBatch {
  readonly lockstep: Lockstep | undefined;
}

async function updateHost(plan: HostPlan, at: InStep, context: PlayContext): Promise<HostRun> {
  const { clock, report, held, monitors } = context;
  const started = clock.now();
  const maySkip = at.play.policy.unreachable === 'skip' && !isLeftInWork(held(plan.host), context);
  const ends = new Map<InstancePlan, InstanceEnd | 'left'>();
  const here = { ...at, host: plan };
  // A host that waited for its turn until the run was to stop has nothing begun, and no hooks.
  const begins = context.pace.goesOn(at.play);
  let failed: Failure | undefined;
  let leftOut: Failure | undefined;
  try {
    const skipped = maySkip ? await outOfReach(held(plan.host)) : undefined;
    if (skipped) {
      report({ type: 'host-skipped', host: plan.host, reason: skipped.message });
      return { plan, ends, skipped, leftInWork: [], ms: 0 };
    }
    const isBegun = isLeftInWork(held(plan.host), context);
    if (begins) failed = await beforeHost({ ...here, isBegun }, context);
    const lost = (): readonly Instance[] => lostOf(ends, leftInWork(plan, context), monitors);
    const inFront = { plan, held: held(plan.host), turns: context.turns, begins, lost, late: context.late };
    const act = async (): Promise<void> => {
      await updateInstances(plan, { ...at, ends }, context);
      // What is being taken back on this host has its turn first.
      await monitors.inTurn(plan.host, async () => undefined);
    };
    if (!failed) ({ failure: failed, leftOut } = await context.front.during(inFront, context, act));
  } finally {
    at.lockstep?.over(plan.instances);
  }
  const left = leftInWork(plan, context).filter((one) => !ends.has(one));
  const run = { plan, ends, skipped: undefined, leftInWork: left, failure: failed, leftOut, ms: clock.now() - started };
  const failedAfter = failed || !begins ? undefined : await afterHost(here, summaryOf(run, monitors), context);
  const whole = { ...run, failure: failed ?? failedAfter, ms: clock.now() - started };
  const { end, reason } = summaryOf(whole, monitors);
  report({ type: 'host-ended', host: plan.host, end, reason });
  return whole;
}

interface OnHost extends InStep {
  readonly ends: Map<InstancePlan, InstanceEnd | 'left'>;
}

/**
 * In their order, as many at once as the play says; a company counts as one. Once one does not end as it should no further
 * one begins; those in work come to their ends.
 */
async function updateInstances(plan: HostPlan, at: OnHost, context: PlayContext): Promise<void> {
  const { play, lockstep, ends } = at;
  const queue = [...unitsOf(plan.instances)];
  const beside = new Beside();
  const worker = async (): Promise<void> => {
    while (!beside.isOver) {
      const unit = queue.shift();
      const [first] = unit ?? [];
      if (!unit || !first) return;
      if (first.action === 'leave') {
        ends.set(first, await leave(first, at, context));
        lockstep?.over(unit);
        continue;
      }
      await lockstep?.turnOf(first);
      const ended = await inItsTurn(unit, { ...at, beside }, context);
      for (const [instance, end] of ended) ends.set(instance, end);
      for (const { failure } of ended.values()) if (failure && !(failure instanceof Failure)) throw failure;
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: play.atOnce?.perHost ?? 1 }, worker));
  const bug = settled.find((result) => result.status === 'rejected');
  if (bug) throw bug.reason;
}

type Ends = ReadonlyMap<InstancePlan, InstanceEnd>;

interface Beneath extends InStep {
  readonly beside: Beside;
}

/** When there is room for one more, on all hosts and on its own; no ends when it may not begin any more by then. */
async function inItsTurn(unit: readonly InstancePlan[], at: Beneath, context: PlayContext): Promise<Ends> {
  const { monitors, pace, throttle, limit } = context;
  const host = unit[0]?.instance.host ?? '';
  const mayBegin = (): boolean => !at.beside.isOver && !monitors.hasFailedOn(host) && pace.goesOn(at.play);
  const none: Ends = new Map();
  const onHost = async (): Promise<Ends> => {
    if (!mayBegin()) return none;
    return monitors.inTurn(host, async () => {
      await at.beside.known();
      return mayBegin() ? updateUnit(unit, at, context) : none;
    });
  };
  try {
    return await throttle(() => (at.play.atOnce?.isLockstep ? limit(onHost) : onHost()));
  } finally {
    at.lockstep?.over(unit);
  }
}

/** One instance, or all of a company; of that, whom the others go home with is the first to be told of. */
async function updateUnit(unit: readonly InstancePlan[], at: Beneath, context: PlayContext): Promise<Ends> {
  const company = companyOf(unit.map(({ instance }) => instance));
  const settled = await Promise.allSettled(
    unit.map(async (plan) => {
      const heard = { ...context, report: at.beside.hearing(plan, context.report) };
      let end: InstanceEnd | undefined;
      try {
        end = await update(plan, { ...at, company }, heard);
        return [plan, end] as const;
      } finally {
        at.beside.ended(plan, end);
        company?.ended(plan.instance.container, end);
      }
    }),
  );
  const ends = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const bug = settled.find((result) => result.status === 'rejected');
  if (bug) throw bug.reason;
  const isFirst = ([{ instance }]: (typeof ends)[number]): boolean => instance.container === company?.failing;
  return new Map([...ends.filter(isFirst), ...ends]);
}

/** One that had ended when the run died, and its host had not, has its hooks after it all the same. */
async function leave(plan: InstancePlan, at: InBatch, context: PlayContext): Promise<InstanceEnd | 'left'> {
  const { report, monitors, resumption } = context;
  const { instance } = plan;
  monitors.touch(() => allServersOf(instance, context));
  const subject = { host: instance.host, name: instance.container };
  const isRevert = instance.revert !== undefined;
  report({ type: 'instance-left', subject, why: 'nothing to change', ...(isRevert && { isRevert }) });
  const state = resumption?.ended.get(`${instance.host} ${instance.container}`);
  if (state === undefined) return 'left';
  const end = await afterInstance({ ...at, instance: plan }, { state, failure: undefined }, context);
  return end.failure ? end : 'left';
}

interface Together extends InBatch {
  readonly company: Company | undefined;
}

async function update(plan: InstancePlan, at: Together, context: PlayContext): Promise<InstanceEnd> {
  const { report, held, monitors } = context;
  const { policy } = at.play;
  const { host, container } = plan.instance;
  const from = plan.from?.reference ?? 'nothing';
  const subject = { host, name: container };
  report({ type: 'instance-started', subject, from, to: plan.to.reference, ...markOf(plan.instance) });
  const lost = await lockLost(held(host));
  const isBegun = isLeftInWork(held(host), context, container);
  if (lost) {
    const state = isBegun ? 'outOfService' : 'unchanged';
    report({ type: 'instance-ended', subject, state, ms: 0, ...markOf(plan.instance) });
    return { state, failure: lost };
  }
  monitors.touch(() => allServersOf(plan.instance, context));
  const here = { ...at, instance: plan };
  const end = await withinDeadline(policy.instanceDeadlineMs, context, async (within): Promise<InstanceEnd> => {
    const failure = await beforeInstance({ ...here, isBegun }, { ...context, stop: within.stop });
    if (failure) {
      report({ type: 'instance-ended', subject, state: 'unchanged', ms: 0, ...markOf(plan.instance) });
      return { state: 'unchanged', failure };
    }
    const work = workOf(plan, at.company, context);
    work.beforeTraffic = beforeTraffic(here, context);
    const ended = await joinedBy(context.late, { work, reach: held(host).reach }, () => goOn(work, within));
    monitors.cameTo(plan.instance, ended.state);
    if (ended.state === 'updated' && work.monitor) monitors.follow(work.monitor);
    return ended;
  });
  return afterInstance(here, end, context);
}

/** Those too that it has at HAProxys which are left out, and may answer again. */
function allServersOf(instance: Instance, { late }: PlayContext): readonly Server[] {
  return [...serversOf(instance), ...(late?.allOf(instance) ?? [])];
}

/** The instances of a host that an earlier process of this run has left in work. */
export function leftInWork(
  { host, instances }: HostPlan,
  context: Pick<RollContext, 'held' | 'identity'>,
): readonly InstancePlan[] {
  return instances.filter(({ instance }) => isLeftInWork(context.held(host), context, instance.container));
}

/** Whether this very run has left an instance in work on the host when it died: this one, or any. */
function isLeftInWork({ undo }: HeldHost, { identity }: Pick<RollContext, 'identity'>, container?: string): boolean {
  const own = undo.entries.filter((entry) => isOwn(entry, identity.run));
  return own.some((entry) => container === undefined || entry.container === container);
}

function workOf({ instance }: InstancePlan, company: Company | undefined, context: PlayContext): Work {
  const { held, identity, turns, monitors } = context;
  const { access: host, undo, keep, reach } = held(instance.host);
  const work = workOn({ instance, host, keep, undo, identity, turns, company }, reach);
  work.monitor = monitors.of(work);
  return work;
}
