import { Failure } from '../../errors.ts';
import type { RunEvent } from '../../rollout/events.ts';
import { hookName, runHookKey, type HookSubject, type Occasion, type RunPoint } from '../../rollout/hooks.ts';
import { hasChanges, type PlayPlan } from '../../rollout/plan.ts';
import type { Resumption } from '../../rollout/resumption.ts';
import type { RunEnd } from '../../rollout/verdict.ts';
import type { Stop } from '../instance/advance.ts';
import { failureOfHooks, runHooks, type HookCall, type HookContext } from './hooks.ts';
import type { RunIdentity } from '../instance/work.ts';

interface RunHookContext extends HookContext {
  readonly identity: RunIdentity;
  readonly stop: Stop;
  /** What the first part of the run has come to, when it is gone on with. */
  readonly resumption: Resumption | undefined;
}

/** What a run came to, as far as hooks are told. */
export interface Told {
  readonly end: RunEnd;
  readonly why?: string | undefined;
}

/** These are ends that somebody has to look at. */
const failedEnds: readonly RunEnd[] = ['someFailed', 'stopped', 'outOfService', 'interrupted'];

/**
 * Does a run between its hooks: `before_run` of all plays that have something to do, or have begun with them when it is
 * gone on with, in their order, before anything is touched; `on_failure` and `after_run` of these when it has ended, however it did.
 *
 * @throws Failure `error` when a hook before it fails: nothing was touched
 */
export async function betweenHooks<Result extends Told>(
  plans: readonly PlayPlan[],
  context: RunHookContext,
  act: () => Promise<Result>,
): Promise<Result> {
  const { resumption, stop } = context;
  // What is gone on with has begun: its end is told, even if there is nothing left to do.
  const own = plans.filter((plan) => plan.hooks && (resumption !== undefined || hasChanges(plan)));
  try {
    for (const plan of own.filter((one) => hasChanges(one) || resumption?.hooks.begun.has(one.name))) {
      const call = callAt('before_run', plan, context);
      await runHooks(
        {
          ...{ ...call, signal: stop.forward, homeward: false },
          // A gate is a condition of the moment: what is still to begin must meet it anew.
          skips: (subject, { gate }) => (gate && hasChanges(plan) ? undefined : isDone(subject, resumption)),
        },
        context,
      );
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await atTheEnd(own, { result: 'failed', reason: error.message, hasFailed: true }, context);
    const why = error.code === 'interrupted' ? error.message : `${error.message}: nothing was changed`;
    throw new Failure(error.code, why, { cause: error });
  }
  const result = await act();
  const { end, why = '' } = result;
  const hasFailed = failedEnds.includes(end);
  const failure = await atTheEnd(own, { result: end, reason: why, hasFailed }, context);
  if (!failure || hasFailed) return result;
  return { ...result, end: failure.code === 'interrupted' ? 'interrupted' : 'someFailed', hook: failure.message };
}

/** Why the run must be told to have failed, or undefined. What `on_failure` itself comes to changes nothing. */
async function atTheEnd(
  plans: readonly PlayPlan[],
  { hasFailed, ...told }: { readonly result: string; readonly reason: string; readonly hasFailed: boolean },
  context: RunHookContext,
): Promise<Failure | undefined> {
  for (const plan of hasFailed ? plans : []) await failureOfHooks(callAt('on_failure', plan, context, told), context);
  let failure: Failure | undefined;
  for (const plan of plans) {
    const failed = await failureOfHooks(callAt('after_run', plan, context, told), context);
    failure ??= failed;
  }
  return failure;
}

function callAt(
  point: RunPoint,
  { name, batches, hooks }: PlayPlan,
  { identity, stop }: RunHookContext,
  told: Pick<Occasion, 'result' | 'reason'> = {},
): HookCall {
  const hosts = batches.flatMap((batch) => batch.hosts.map(({ host }) => host));
  const occasion: Occasion = { run: identity.run, by: identity.by, play: name, hosts, ...told };
  return { point, hooks: hooks?.[point], occasion, signal: stop.homeward, gatesUntil: stop.beforeNext, homeward: true };
}

function isDone(hook: HookSubject, resumption: Resumption | undefined): string | undefined {
  return resumption?.hooks.ended.has(runHookKey(hook)) ? 'it has ended well in the first part of this run' : undefined;
}

/** Of a hook that was running when the run died it is not known whether it has ended; it is run again. */
export function hooksAgain(resumption: Resumption | undefined): readonly Extract<RunEvent, { type: 'warning' }>[] {
  return (resumption?.hooks.unknown ?? []).map((hook) => {
    const text = `Whether the ${hookName(hook)} has ended is not known: the run died, or its connection was lost, while it was running. It is run again`;
    return { type: 'warning', host: hook.host ?? '', text };
  });
}
