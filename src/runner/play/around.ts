/** What hooks are run around: a batch, a host, an instance. */
import type { Failure } from '../../errors.ts';
import type { HostSummary } from '../../rollout/events.ts';
import { hookKey, worstOf, type HookPoint, type HookSubject, type Occasion } from '../../rollout/hooks.ts';
import { batchKey, hostKey } from '../../rollout/open-history.ts';
import type { BatchPlan, HostPlan, InstancePlan, PlayPlan } from '../../rollout/plan.ts';
import { hasChangesIn, hasChangesOn } from '../../rollout/plan.ts';
import type { Resumption } from '../../rollout/resumption.ts';
import type { HostEnd } from '../../rollout/verdict.ts';
import type { InstanceEnd, Stop } from '../instance/advance.ts';
import { failureOfHooks, runHooks, type HookCall, type HookContext } from './hooks.ts';
import { asideOf, type RunIdentity, type Work } from '../instance/work.ts';

export interface AroundContext extends HookContext {
  readonly identity: RunIdentity;
  readonly stop: Stop;
  /** What the first part of the run has come to, when it is gone on with. */
  readonly resumption?: Resumption | undefined;
}

/** A play, and the batch of it that is in work. */
export interface InBatch {
  readonly play: PlayPlan;
  readonly batch: BatchPlan;
}

const BEGUN_BEFORE = 'it was begun in the first part of this run';
const DONE_BEFORE = 'it has ended well in the first part of this run';

/**
 * What was done with the same batch, host or instance before the run was gone on with is not done again. But a gate is a
 * condition of the moment: what is still to begin must meet it anew. `isAnew`: what they come after is done once more.
 */
function skipping(
  { resumption }: AroundContext,
  { isBegun = false, isAnew = false } = {},
): { readonly skips: NonNullable<HookCall['skips']> } {
  const isDone = (hook: HookSubject): boolean => resumption?.hooks.done.has(hookKey(hook)) ?? false;
  return {
    skips: (subject, { gate }) =>
      isBegun ? BEGUN_BEFORE : isDone(subject) && !gate && !isAnew ? DONE_BEFORE : undefined,
  };
}

/** Before what has nothing to begin any more there is no hook; after it there is as long as it has not ended. */
function isDue(point: HookPoint, { hasChanges, isOpen }: { readonly hasChanges: boolean; readonly isOpen: boolean }) {
  return hasChanges || (isOpen && point.startsWith('after_'));
}

/** How a host has ended, and why. */
type HostTold = Pick<HostSummary, 'end' | 'reason'>;

/** What a host has come to in all parts of the run. */
function wholeEnd({ host, instances }: HostPlan, end: HostEnd, { resumption }: AroundContext): HostEnd {
  const isUpdated = instances.some(({ instance }) => resumption?.updated.has(`${host} ${instance.container}`));
  return end === 'nothingToDo' && isUpdated ? 'updated' : end;
}

export function beforeBatch(at: InBatch, context: AroundContext): Promise<Failure | undefined> {
  return around(at, 'before_batch', context);
}

export function afterBatchHooks(
  at: InBatch,
  endOf: (host: HostPlan) => HostTold | undefined,
  context: AroundContext,
): Promise<Failure | undefined> {
  const told = at.batch.hosts.flatMap((host) => {
    const one = endOf(host);
    return one === undefined ? [] : [{ ...one, host, end: wholeEnd(host, one.end, context) }];
  });
  const result = worstOf(told.map(({ end }) => end));
  const why = told.find(({ end, reason }) => end === result && reason !== '');
  return around(at, 'after_batch', context, { result, reason: why ? `${why.host.host}: ${why.reason}` : '' });
}

function around(
  { play, batch }: InBatch,
  point: 'before_batch' | 'after_batch',
  context: AroundContext,
  told: Pick<Occasion, 'result' | 'reason'> = {},
): Promise<Failure | undefined> {
  const isOpen = context.resumption?.open.has(batchKey(play.name, batch.number)) ?? false;
  const hasChanges = hasChangesIn(batch);
  const hooks = isDue(point, { hasChanges, isOpen }) ? play.hooks?.[point] : undefined;
  const occasion = { ...occasionIn({ play, batch }, context), ...told };
  const skips = skipping(context, { isAnew: hasChanges && point === 'after_batch' });
  return failureOfHooks({ point, hooks, occasion, ...timesOf(point, context), ...skips }, context);
}

/** `isBegun`: an earlier process of this run has left instances in work there, so it was begun well. */
export function beforeHost(
  at: InBatch & { readonly host: HostPlan; readonly isBegun: boolean },
  context: AroundContext,
): Promise<Failure | undefined> {
  const call = hostCall(at, 'before_host', context);
  return failureOfHooks({ ...call, ...skipping(context, { isBegun: at.isBegun }) }, context);
}

export function afterHost(
  at: InBatch & { readonly host: HostPlan },
  told: HostTold,
  context: AroundContext,
): Promise<Failure | undefined> {
  const { occasion, ...call } = hostCall(at, 'after_host', context);
  const whole = { ...occasion, result: wholeEnd(at.host, told.end, context), reason: told.reason };
  return failureOfHooks({ ...call, occasion: whole }, context);
}

function hostCall(
  at: InBatch & { readonly host: HostPlan },
  point: 'before_host' | 'after_host',
  context: AroundContext,
): HookCall {
  const { host, play } = at;
  const isOpen = context.resumption?.open.has(hostKey(play.name, host.host)) ?? false;
  const hasChanges = hasChangesOn(host);
  const hooks = isDue(point, { hasChanges, isOpen }) ? host.hooks?.[point] : undefined;
  const occasion = { ...occasionIn(at, context), host: host.host };
  const skips = skipping(context, { isAnew: hasChanges && point === 'after_host' });
  return { point, hooks, occasion, ...timesOf(point, context), ...skips };
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
  return failureOfHooks({ ...call, containers: { old }, ...skipping(context, { isBegun: at.isBegun }) }, context);
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
  const failure = await failureOfHooks({ ...call, occasion: told, containers, ...skipping(context) }, context);
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
