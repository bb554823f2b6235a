import pLimit from 'p-limit';
import { Failure } from '../errors.ts';
import type { HostSummary } from '../rollout/events.ts';
import { serversOf, type Instance } from '../rollout/model.ts';
import { instancesOf, type HostPlan, type InstancePlan, type PlayPlan } from '../rollout/plan.ts';
import type { AfterBatch } from '../rollout/verdict.ts';
import type { AdvanceContext, InstanceEnd } from './advance.ts';
import { withinDeadline } from './deadline.ts';
import { goOn } from './go-on.ts';
import {
  afterBatchHooks,
  afterHost,
  afterInstance,
  beforeBatch,
  beforeHost,
  beforeInstance,
  beforeTraffic,
  type InBatch,
} from './around.ts';
import type { Commands } from './commands.ts';
import type { HeldHost } from './held-hosts.ts';
import { notReached, summaryOf, type HostRun } from './host-run.ts';
import type { LostBalancers } from './lost-balancers.ts';
import { Monitors } from './monitors.ts';
import type { Decision, Pace } from './pace.ts';
import { isOwn } from './recorded.ts';
import { Turns } from './turns.ts';
import { markOf, workOn, type RunIdentity, type Work } from './work.ts';

export interface RollContext extends AdvanceContext {
  readonly controller: Commands;
  readonly identity: RunIdentity;
  readonly forks: number;
  readonly held: (host: string) => HeldHost;
  readonly pace: Pace;
  /** Of all that work at the same time; its own when nobody else does. */
  readonly turns?: Turns;
  /** The HAProxys that the run does without. */
  readonly lost?: LostBalancers;
  /** Before each instance: has back those of them that answer again. */
  readonly ifBack?: () => Promise<void>;
  /** Takes instances that this run has updated back to what it found; without it they stay. */
  readonly takeBack?: (instances: readonly InstancePlan[]) => Promise<PlayEnd>;
}

/** What a play came to: its hosts, and whether a next play may start. */
export interface PlayEnd {
  readonly hosts: readonly HostSummary[];
  readonly then: AfterBatch;
}

interface PlayContext extends RollContext {
  readonly monitors: Monitors;
  readonly turns: Turns;
}

/**
 * Rolls one play out: the batches one after the other, the hosts of a batch at the same time, the instances of a host
 * one at a time. Monitors go on beside the next instances and batches; the play ends when the last of them has.
 *
 * A batch that has started always ends: neither a failed host nor a stop leaves an instance half-way. They only keep
 * the next instance, and the next batch, from starting.
 */
export async function roll(plan: PlayPlan, context: RollContext): Promise<PlayEnd> {
  const monitors = new Monitors({
    ...context,
    takeBack: (instance, failure) => takeBack(instance, failure, { plan, context }),
  });
  try {
    return await rollBatches(plan, { ...context, monitors, turns: context.turns ?? new Turns() });
  } finally {
    monitors.quit();
  }
}

async function rollBatches(plan: PlayPlan, context: PlayContext): Promise<PlayEnd> {
  const { report, pace, monitors } = context;
  const limit = pLimit(context.forks);
  const runs: HostRun[] = [];
  const summaries = (): readonly HostSummary[] => runs.map((run) => summaryOf(run, monitors));
  let then: AfterBatch = 'goOn';
  for (const batch of plan.batches) {
    if (then !== 'goOn' || !(await pace.mayBegin(plan, batch))) break;
    const at = { play: plan, batch };
    then = await begun(at, context);
    if (then !== 'goOn') break;
    const names = batch.hosts.map(({ host }) => host);
    const numbers = { number: batch.number, of: plan.batches.length };
    report({ type: 'batch-started', play: plan.name, ...numbers, hosts: names });
    const before = summaries();
    const settled = await Promise.allSettled(batch.hosts.map((host) => limit(() => updateHost(host, at, context))));
    const bug = settled.find((result) => result.status === 'rejected');
    if (bug) throw bug.reason;
    runs.push(...settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    if (batch === plan.batches.at(-1)) await monitors.ended();
    // A host of an earlier batch whose monitor has failed since counts for this one.
    const changed = summaries().filter(({ end }, index) => end !== before[index]?.end);
    const failure = await afterBatchHooks(
      at,
      summaries()
        .slice(before.length)
        .map(({ end }) => end),
      context,
    );
    const decision = await decided(plan, { changed, failure }, pace);
    then = decision.then;
    report({ type: 'batch-ended', ...numbers, ...decision });
  }
  // What is going to be rolled back need not be watched any longer.
  if (then === 'rollBack') monitors.quit();
  await monitors.ended();
  const hosts = [
    ...summaries(),
    ...plan.batches
      .flatMap((batch) => batch.hosts)
      .slice(runs.length)
      .map((host) => notReached(host, leftInWork(host, context))),
  ];
  return { hosts, then: hosts.some(({ end }) => end === 'outOfService') ? 'outOfService' : then };
}

/** Whether the batch begins, by the hooks before it. */
async function begun(at: InBatch, context: PlayContext): Promise<AfterBatch> {
  for (;;) {
    const failure = await beforeBatch(at, context);
    if (!failure) return 'goOn';
    const why = `batch ${at.batch.number} of ${at.play.batches.length} cannot begin: ${failure.message}`;
    const then = await context.pace.cannotGoOn(at.play, why);
    if (then !== 'goOn') return then;
  }
}

/** What a batch that has ended means, and a hook after it that has failed. */
async function decided(
  plan: PlayPlan,
  { changed, failure }: { readonly changed: readonly HostSummary[]; readonly failure: Failure | undefined },
  pace: Pace,
): Promise<Decision> {
  const decision = await pace.after(plan, changed);
  if (!failure || decision.then !== 'goOn') return decision;
  const then = await pace.cannotGoOn(plan, failure.message);
  return { then, why: then === 'goOn' ? '' : failure.message };
}

async function updateHost(plan: HostPlan, at: InBatch, context: PlayContext): Promise<HostRun> {
  const { clock, report, held, monitors } = context;
  const { play } = at;
  const started = clock.now();
  const maySkip = play.policy.unreachable === 'skip' && !isLeftInWork(held(plan.host), context);
  const skipped = maySkip ? await outOfReach(held(plan.host)) : undefined;
  const ends = new Map<InstancePlan, InstanceEnd | 'left'>();
  if (skipped) {
    report({ type: 'host-skipped', host: plan.host, reason: skipped.message });
    return { plan, ends, skipped, leftInWork: [], ms: 0 };
  }
  const here = { ...at, host: plan };
  const isBegun = leftInWork(plan, context).length > 0;
  const failed = await beforeHost({ ...here, isBegun }, context);
  if (!failed) await updateInstances(plan, { at, ends }, context);
  // What is being taken back on this host has its turn first.
  await monitors.inTurn(plan.host, async () => undefined);
  const left = leftInWork(plan, context).filter((one) => !ends.has(one));
  const run = { plan, ends, skipped, leftInWork: left, failure: failed, ms: clock.now() - started };
  const failedAfter = failed ? undefined : await afterHost(here, summaryOf(run, monitors), context);
  const whole = { ...run, failure: failed ?? failedAfter, ms: clock.now() - started };
  const { end, reason } = summaryOf(whole, monitors);
  report({ type: 'host-ended', host: plan.host, end, reason });
  return whole;
}

interface InstanceEnds {
  readonly at: InBatch;
  readonly ends: Map<InstancePlan, InstanceEnd | 'left'>;
}

/** One after the other, until one does not end as it should. */
async function updateInstances(plan: HostPlan, { at, ends }: InstanceEnds, context: PlayContext): Promise<void> {
  const { report, pace, monitors } = context;
  for (const instance of plan.instances) {
    if (instance.action === 'leave') {
      monitors.touch(serversOf(instance.instance));
      const subject = { host: plan.host, name: instance.instance.container };
      const isRevert = instance.instance.revert !== undefined;
      report({ type: 'instance-left', subject, why: 'nothing to change', ...(isRevert && { isRevert }) });
      ends.set(instance, 'left');
      continue;
    }
    if (monitors.hasFailedOn(plan.host) || !pace.goesOn(at.play)) break;
    await context.ifBack?.();
    const end = await monitors.inTurn(plan.host, () => update(instance, at, context));
    ends.set(instance, end);
    if (end.failure !== undefined && !(end.failure instanceof Failure)) throw end.failure;
    if (end.state !== 'updated' || end.failure) break;
  }
}

async function update(plan: InstancePlan, at: InBatch, context: PlayContext): Promise<InstanceEnd> {
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
  monitors.touch(serversOf(plan.instance));
  const here = { ...at, instance: plan };
  const end = await withinDeadline(policy.instanceDeadlineMs, context, async (within): Promise<InstanceEnd> => {
    const failure = await beforeInstance({ ...here, isBegun }, { ...context, stop: within.stop });
    if (failure) {
      report({ type: 'instance-ended', subject, state: 'unchanged', ms: 0, ...markOf(plan.instance) });
      return { state: 'unchanged', failure };
    }
    const work = workOf(plan, context);
    work.beforeTraffic = beforeTraffic(here, context);
    const ended = await goOn(work, within);
    if (ended.state === 'updated' && work.monitor) monitors.follow(work.monitor);
    return ended;
  });
  return afterInstance(here, end, context);
}

/** What an instance comes to that did not serve well: the version before serves again, unless that fails too. */
async function takeBack(
  instance: Instance,
  failure: Failure,
  { plan, context }: { readonly plan: PlayPlan; readonly context: RollContext },
): Promise<InstanceEnd> {
  const taken = instancesOf(plan).filter((one) => one.instance === instance);
  const host = (await context.takeBack?.(taken))?.hosts[0];
  if (host?.end === 'updated' || host?.end === 'nothingToDo') return { state: 'unchanged', failure };
  return { state: host?.end === 'outOfService' ? 'outOfService' : 'updated', failure };
}

/** Why the host is not ours any more, or undefined. */
async function lockLost(host: HeldHost): Promise<Failure | undefined> {
  try {
    await host.keep();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** Why the host cannot be had before anything on it is touched, or undefined. */
async function outOfReach(host: HeldHost): Promise<Failure | undefined> {
  try {
    await host.keep();
    await host.access.containers.version();
    return undefined;
  } catch (error) {
    if (error instanceof Failure && error.code === 'unreachable') return error;
    if (error instanceof Failure) return undefined;
    throw error;
  }
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

function workOf(plan: InstancePlan, { held, identity, turns, monitors, lost }: PlayContext): Work {
  const instance = lost?.of(plan.instance) ?? plan.instance;
  const { access: host, undo, keep, reach } = held(instance.host);
  const work = workOn({ instance, host, keep, undo, identity, turns, mayLack: lost?.goWithout }, reach);
  work.monitor = monitors.of(work);
  return work;
}
