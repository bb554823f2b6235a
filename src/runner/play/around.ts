/** What hooks are run around: a batch, a host, an instance. */
import type { Failure } from '../../errors.ts';
import { worstOf, type HookPoint, type Occasion } from '../../rollout/hooks.ts';
import type { BatchPlan, HostPlan, InstancePlan, PlayPlan } from '../../rollout/plan.ts';
import { hasChangesIn, hasChangesOn } from '../../rollout/plan.ts';
import type { HostEnd } from '../../rollout/verdict.ts';
import type { InstanceEnd, Stop } from '../instance/advance.ts';
import { failureOfHooks, runHooks, type HookCall, type HookContext } from './hooks.ts';
import { asideOf, type RunIdentity, type Work } from '../instance/work.ts';

export interface AroundContext extends HookContext {
  readonly identity: RunIdentity;
  readonly stop: Stop;
}

/** A play, and the batch of it that is in work. */
export interface InBatch {
  readonly play: PlayPlan;
  readonly batch: BatchPlan;
}

const BEGUN_BEFORE = 'it was begun in the first part of this run';

export function beforeBatch(at: InBatch, context: AroundContext): Promise<Failure | undefined> {
  return around(at, 'before_batch', context);
}

export function afterBatchHooks(
  at: InBatch,
  ends: readonly HostEnd[],
  context: AroundContext,
): Promise<Failure | undefined> {
  return around(at, 'after_batch', context, worstOf(ends));
}

function around(
  { play, batch }: InBatch,
  point: 'before_batch' | 'after_batch',
  context: AroundContext,
  result?: HostEnd,
): Promise<Failure | undefined> {
  const hooks = hasChangesIn(batch) ? play.hooks?.[point] : undefined;
  const occasion = { ...occasionIn({ play, batch }, context), result };
  return failureOfHooks({ point, hooks, occasion, ...timesOf(point, context) }, context);
}

/** `isBegun`: an earlier process of this run has left instances in work there, so it was begun well. */
export function beforeHost(
  at: InBatch & { readonly host: HostPlan; readonly isBegun: boolean },
  context: AroundContext,
): Promise<Failure | undefined> {
  const call = hostCall(at, 'before_host', context);
  return failureOfHooks({ ...call, skips: () => (at.isBegun ? BEGUN_BEFORE : undefined) }, context);
}

export function afterHost(
  at: InBatch & { readonly host: HostPlan },
  told: { readonly end: HostEnd; readonly reason: string },
  context: AroundContext,
): Promise<Failure | undefined> {
  const { occasion, ...call } = hostCall(at, 'after_host', context);
  const whole = { ...occasion, result: told.end, reason: told.reason };
  return failureOfHooks({ ...call, occasion: whole }, context);
}

function hostCall(
  at: InBatch & { readonly host: HostPlan },
  point: 'before_host' | 'after_host',
  context: AroundContext,
): HookCall {
  const { host } = at;
  const hooks = hasChangesOn(host) ? host.hooks?.[point] : undefined;
  return { point, hooks, occasion: { ...occasionIn(at, context), host: host.host }, ...timesOf(point, context) };
}

type OfInstance = InBatch & { readonly instance: InstancePlan };

/** `isBegun`: an earlier process of this run has begun it already. */
export function beforeInstance(
  at: OfInstance & { readonly isBegun: boolean },
  context: AroundContext,
): Promise<Failure | undefined> {
  const { instance, from, isRunning } = at.instance;
  const old = from && isRunning ? instance.container : undefined;
  const call = instanceCall(at, 'before_instance', context);
  const skips = (): string | undefined => (at.isBegun ? BEGUN_BEFORE : undefined);
  return failureOfHooks({ ...call, containers: { old }, skips }, context);
}

/** For the check of the new container: nothing is sent to it yet. */
export function beforeTraffic(
  at: OfInstance,
  context: AroundContext,
): (work: Work, signal: AbortSignal) => Promise<void> {
  return async (work, signal) => {
    const call = instanceCall(at, 'before_traffic', context);
    // In place, the old one has stopped by now.
    const old = work.leaving && work.container ? asideOf(work) : undefined;
    await runHooks({ ...call, signal, gatesUntil: signal, containers: { old, new: work.instance.container } }, context);
  };
}

/** The end of an instance, which a hook after it may make a failure. */
export async function afterInstance(at: OfInstance, end: InstanceEnd, context: AroundContext): Promise<InstanceEnd> {
  const { occasion, ...call } = instanceCall(at, 'after_instance', context);
  const told = { ...occasion, result: end.state, reason: end.failure?.message ?? '' };
  const containers = end.state === 'updated' ? { new: at.instance.instance.container } : {};
  const failure = await failureOfHooks({ ...call, occasion: told, containers }, context);
  return { ...end, failure: end.failure ?? failure };
}

function instanceCall(
  at: OfInstance,
  point: 'before_instance' | 'before_traffic' | 'after_instance',
  context: AroundContext,
): HookCall {
  const { instance, from, to } = at.instance;
  const { host, container, slot, hooks } = instance;
  const images = { old: from?.reference, new: to.reference };
  const occasion: Occasion = { ...occasionIn(at, context), host, container, slot, images };
  return { point, hooks: hooks?.[point], occasion, ...timesOf(point, context) };
}

function occasionIn({ play, batch }: InBatch, { identity }: AroundContext): Occasion {
  const { run, by } = identity;
  const hosts = batch.hosts.map(({ host }) => host);
  return { run, by, play: play.name, hosts, batch: { number: batch.number, of: play.batches.length } };
}

/** What comes before goes home when it is stopped, what comes after is done all the same. */
function timesOf(point: HookPoint, { stop }: AroundContext): Pick<HookCall, 'signal' | 'gatesUntil' | 'homeward'> {
  const homeward = point.startsWith('after_');
  return { signal: homeward ? stop.homeward : stop.forward, gatesUntil: stop.beforeNext, homeward };
}
