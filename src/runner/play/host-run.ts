import { Failure, reasonOf } from '../../errors.ts';
import type { HostSummary } from '../../rollout/events.ts';
import type { EndState } from '../../rollout/lifecycle.ts';
import type { Instance, Only } from '../../rollout/model.ts';
import type { HostPlan, InstancePlan } from '../../rollout/plan.ts';
import type { HostEnd } from '../../rollout/verdict.ts';
import type { InstanceEnd } from '../instance/advance.ts';
import type { Monitors } from './monitors.ts';

/** What became of the instances of a host. A monitor that fails later has the last word on its instance. */
export interface HostRun {
  readonly plan: HostPlan;
  readonly ends: ReadonlyMap<InstancePlan, InstanceEnd | 'left'>;
  /** Why the host was left out, if it was. */
  readonly skipped: Failure | undefined;
  /** Those that an earlier process of this run has left in work, and that this one has not come to. */
  readonly leftInWork: readonly InstancePlan[];
  /** Of a hook before it, or after it. */
  readonly failure?: Failure | undefined;
  /** Why it is left out of service in front of its own HAProxy. */
  readonly leftOut?: Failure | undefined;
  readonly ms: number;
}

/** The instances that do not serve: left out of service, or in work by an earlier process of this run (`left`). */
export function lostOf(
  ends: HostRun['ends'],
  left: readonly InstancePlan[],
  monitors: Pick<Monitors, 'endOf'>,
): readonly Instance[] {
  const out = [...ends].filter(([one, end]) => {
    const now = monitors.endOf(one.instance) ?? end;
    return now !== 'left' && now.state === 'outOfService';
  });
  return [...out.map(([one]) => one), ...left.filter((one) => !ends.has(one))].map(({ instance }) => instance);
}

/** `leftInWork`: as in `HostRun`; they are out of service, reached or not. */
export function notReached(plan: HostPlan, leftInWork: readonly InstancePlan[], isOutInFront = false): HostSummary {
  const { host, instances } = plan;
  const nothing = { ...counts([]), ms: 0, notReached: instances.length };
  const summary = isOutInFront
    ? { host, end: 'outOfService' as const, reason: outInFront(host), ...nothing }
    : { host, end: 'notReached' as const, reason: '', ...nothing };
  return withLeftInWork(summary, leftInWork);
}

function outInFront(host: string): string {
  return `it is still out of service in front of its HAProxy since the run broke off: see to it with "sluice recover ${host}"`;
}

/** What a host has come to as far as is known. */
export function summaryOf(run: HostRun, monitors: Pick<Monitors, 'endOf'>): HostSummary {
  const { plan, ends, skipped, leftInWork, ms } = run;
  if (skipped) return { ...notReached(plan, []), end: 'unreachable', reason: skipped.message };
  const { host, instances } = plan;
  const ended = [...ends].map(([one, end]) => ({ ...one.instance, end: monitors.endOf(one.instance) ?? end }));
  const all = ended.map(({ end }) => end);
  const missing = instances.length - all.length;
  const [failed] = ended.flatMap(({ container, end }) =>
    end === 'left' || end.failure === undefined ? [] : [{ container, failure: end.failure }],
  );
  const cause = failed ? failed.failure : run.failure;
  const why = cause ?? run.leftOut;
  const reason = failed
    ? reasonIn(
        failed,
        ended.map(({ container }) => container),
      )
    : why === undefined
      ? ''
      : reasonOf(why);
  const isStopped = cause instanceof Failure && cause.code === 'interrupted';
  const own = run.leftOut ? 'outOfService' : hostEndOf(all, isStopped, missing > 0);
  const end = run.failure && own !== 'outOfService' ? (isStopped ? 'interrupted' : 'failed') : own;
  const only = onlyIn(instances.filter((one) => isUpdated(run, one, monitors)));
  const done = { ...counts(all), ...(Object.keys(only).length > 0 && { only }) };
  return withLeftInWork({ host, end, reason, ...done, notReached: missing, ms }, leftInWork);
}

/** Which of the host's `containers` it is about is in it: a server may have another name, and a deadline has none. */
function reasonIn(
  { container, failure }: { readonly container: string; readonly failure: unknown },
  containers: readonly string[],
): string {
  const reason = reasonOf(failure);
  const isStop = failure instanceof Failure && failure.code === 'interrupted';
  const words = reason.split(/[^\w.-]+/);
  return isStop || containers.some((one) => words.includes(one)) ? reason : `${container}: ${reason}`;
}

function withLeftInWork(summary: HostSummary, leftInWork: readonly InstancePlan[]): HostSummary {
  const [first] = leftInWork;
  if (!first) return summary;
  const { container } = first.instance;
  return {
    ...summary,
    end: 'outOfService',
    reason: `${container} is still in work since the run broke off: see to it with "sluice recover ${summary.host}"`,
    outOfService: summary.outOfService + leftInWork.length,
    notReached: summary.notReached - leftInWork.length,
  };
}

function onlyIn(plans: readonly InstancePlan[]): NonNullable<HostSummary['only']> {
  const counted: Partial<Record<Only, number>> = {};
  for (const { action } of plans) {
    if (action === 'restart' || action === 'run') counted[action] = (counted[action] ?? 0) + 1;
  }
  return counted;
}

function isUpdated({ ends }: HostRun, plan: InstancePlan, monitors: Pick<Monitors, 'endOf'>): boolean {
  const end = monitors.endOf(plan.instance) ?? ends.get(plan);
  return end !== undefined && end !== 'left' && end.state === 'updated';
}

/** `isStopped`: somebody asked us to stop, and what was put back was put back for that. */
function hostEndOf(ends: readonly (InstanceEnd | 'left')[], isStopped: boolean, isPartial: boolean): HostEnd {
  const states = ends.map((end) => (end === 'left' ? end : end.state));
  if (states.includes('outOfService')) return 'outOfService';
  if (states.includes('unchanged')) return isStopped ? 'interrupted' : 'failed';
  // Updated, but its monitor has failed and it could not be taken back; or a stop has cut a gate after it.
  const hasFailed = ends.some((end) => end !== 'left' && end.failure !== undefined);
  if (hasFailed) return isStopped ? 'interrupted' : 'failed';
  if (isPartial) return 'interrupted';
  return states.includes('updated') ? 'updated' : 'nothingToDo';
}

function counts(
  ends: readonly (InstanceEnd | 'left')[],
): Pick<HostSummary, 'updated' | 'unchanged' | 'outOfService' | 'left'> {
  const count = (state: EndState): number => ends.filter((end) => end !== 'left' && end.state === state).length;
  return {
    updated: count('updated'),
    unchanged: count('unchanged'),
    outOfService: count('outOfService'),
    left: ends.filter((end) => end === 'left').length,
  };
}
