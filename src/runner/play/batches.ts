import pLimit, { type LimitFunction } from 'p-limit';
import type { Failure } from '../../errors.ts';
import type { HostSummary } from '../../rollout/events.ts';
import type { BatchPlan, HostPlan, PlayPlan } from '../../rollout/plan.ts';
import type { AfterBatch, HostEnd } from '../../rollout/verdict.ts';
import { afterBatchHooks, beforeBatch, type AroundContext, type InBatch } from './around.ts';
import { summaryOf, type HostRun } from './host-run.ts';
import { Lockstep } from './lockstep.ts';
import type { Monitors } from './monitors.ts';
import type { Decision, Pace } from './pace.ts';

/** What a play came to: its hosts, and whether a next play may start. */
export interface PlayEnd {
  readonly hosts: readonly HostSummary[];
  readonly then: AfterBatch;
}

/** What is done with the hosts of a batch, and who says when the next one may begin. */
export interface BatchesContext extends AroundContext {
  readonly pace: Pace;
  readonly monitors: Monitors;
  /** Hosts that are worked on at the same time. */
  readonly limit: LimitFunction;
  readonly updateHost: (host: HostPlan, at: InBatch & { readonly lockstep: Lockstep | undefined }) => Promise<HostRun>;
  readonly notReached: (host: HostPlan) => HostSummary;
}

/** How a play has come on so far. */
interface Course {
  /** By host, those that have ended. */
  readonly runs: Map<HostPlan, HostRun>;
  /** How they had ended when it was last judged. */
  readonly judged: Map<HostPlan, HostEnd>;
  then: AfterBatch;
  /** The first bug of ours: what is in work then ends first. */
  bug?: unknown;
}

/** Takes the batches of a play one after the other, or, in a window, so many at once that each are of one host. */
export async function rollBatches(plan: PlayPlan, context: BatchesContext): Promise<PlayEnd> {
  const { pace, monitors } = context;
  const course: Course = { runs: new Map(), judged: new Map(), then: 'goOn' };
  const judging = pLimit(1);
  const inWork = new Set<Promise<void>>();
  let toJudge = plan.batches.length;
  const goesOn = (): boolean => course.then === 'goOn' && !('bug' in course);
  const take = async (batch: BatchPlan): Promise<void> => {
    try {
      await rollBatch(batch, { plan, course }, context);
      await judging(async () => {
        toJudge -= 1;
        if (toJudge === 0) await monitors.ended();
        await judge(batch, { plan, course }, context);
      });
    } catch (error) {
      course.bug ??= error;
    }
  };
  const begin = async (batch: BatchPlan): Promise<boolean> => {
    while (inWork.size >= (plan.atOnce?.window ?? 1)) await Promise.race(inWork);
    // Whoever is in work beside it may have ended meanwhile, and not well.
    if (!goesOn() || !(await pace.mayBegin(plan, batch)) || !goesOn()) return false;
    const start = await begun({ play: plan, batch }, context);
    if (course.then === 'goOn') course.then = start;
    if (!goesOn()) return notBegun(start, { play: plan, batch }, context);
    const going: Promise<void> = take(batch).then(() => void inWork.delete(going));
    inWork.add(going);
    return true;
  };
  try {
    for (const batch of plan.batches) if (!(await begin(batch))) break;
  } catch (error) {
    course.bug ??= error;
  }
  // Whatever has happened, the locks are kept for as long as somebody works, or takes something back.
  await Promise.all(inWork);
  if ('bug' in course) {
    monitors.quit();
    await monitors.ended();
    throw course.bug;
  }
  // What is going to be rolled back need not be watched any longer.
  if (course.then === 'rollBack') monitors.quit();
  await monitors.ended();
  const hosts = plan.batches
    .flatMap((batch) => batch.hosts)
    .map((host) => {
      const run = course.runs.get(host);
      return run ? summaryOf(run, monitors) : context.notReached(host);
    });
  return { hosts, then: hosts.some(({ end }) => end === 'outOfService') ? 'outOfService' : course.then };
}

interface OnCourse {
  readonly plan: PlayPlan;
  readonly course: Course;
}

async function rollBatch(batch: BatchPlan, { plan, course }: OnCourse, context: BatchesContext): Promise<void> {
  const { report, limit, updateHost } = context;
  const names = batch.hosts.map(({ host }) => host);
  const { group } = batch;
  report({
    ...{ type: 'batch-started', play: plan.name, ...numbersOf(batch, plan) },
    ...(group !== undefined && { group }),
    hosts: names,
  });
  const lockstep = plan.atOnce?.isLockstep ? new Lockstep(batch) : undefined;
  const update = (host: HostPlan): Promise<HostRun> => updateHost(host, { play: plan, batch, lockstep });
  // In lockstep hosts wait for one another, so what is limited is what they do, not that they are at it.
  const settled = await Promise.allSettled(
    batch.hosts.map((host) => (lockstep ? update(host) : limit(() => update(host)))),
  );
  for (const [index, host] of batch.hosts.entries()) {
    const result = settled[index];
    if (result?.status === 'fulfilled') course.runs.set(host, result.value);
  }
  const bug = settled.find((result) => result.status === 'rejected');
  if (bug) throw bug.reason;
}

/** What it means that a batch has ended. A host of an earlier one whose monitor has failed since counts for this one. */
async function judge(batch: BatchPlan, { plan, course }: OnCourse, context: BatchesContext): Promise<void> {
  const { report, pace, monitors } = context;
  const ended: HostSummary[] = [];
  const reasons = new Map<HostPlan, string>();
  for (const [host, run] of course.runs) {
    const summary = summaryOf(run, monitors);
    if (course.judged.get(host) !== summary.end) ended.push(summary);
    course.judged.set(host, summary.end);
    reasons.set(host, summary.reason);
  }
  const told = (host: HostPlan) => {
    const end = course.judged.get(host);
    return end && { end, reason: reasons.get(host) ?? '' };
  };
  const failure = await afterBatchHooks({ play: plan, batch }, told, context);
  const decision = await decided(plan, { ended, failure }, pace);
  // The first decision not to go on stands; but that a server is missing comes before all.
  if (course.then === 'goOn' || decision.then === 'outOfService') course.then = decision.then;
  report({ type: 'batch-ended', ...numbersOf(batch, plan), ...decision });
}

/** Whoever is in work beside a batch has ended, and not well, while hooks before it were run: what they began is ended. */
async function notBegun(start: AfterBatch, at: InBatch, context: BatchesContext): Promise<false> {
  if (start !== 'goOn' || !at.play.hooks?.before_batch) return false;
  await afterBatchHooks(at, () => ({ end: 'notReached', reason: '' }), context);
  context.report({ type: 'batch-ended', ...numbersOf(at.batch, at.play), then: 'stop', why: '', isNotBegun: true });
  return false;
}

/** Whether the batch begins, by the hooks before it. */
async function begun(at: InBatch, context: BatchesContext): Promise<AfterBatch> {
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
  { ended, failure }: { readonly ended: readonly HostSummary[]; readonly failure: Failure | undefined },
  pace: Pace,
): Promise<Decision> {
  const decision = await pace.after(plan, ended);
  if (!failure || decision.then !== 'goOn') return decision;
  const then = await pace.cannotGoOn(plan, failure.message);
  return { then, why: then === 'goOn' ? '' : failure.message };
}

function numbersOf({ number }: BatchPlan, { batches }: PlayPlan): { readonly number: number; readonly of: number } {
  return { number, of: batches.length };
}
