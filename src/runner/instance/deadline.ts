import { Failure } from '../../errors.ts';
import { durationText } from '../../rollout/durations.ts';
import type { AdvanceContext } from './advance.ts';

/**
 * Carries out `act` with a context whose forward steps are aborted once `ms` have passed. The deadline is met when the
 * ramp or the soak begins: the new container serves then, and how long those take is said elsewhere.
 */
export async function withinDeadline<T>(
  ms: number | undefined,
  context: AdvanceContext,
  act: (context: AdvanceContext) => Promise<T>,
): Promise<T> {
  if (ms === undefined) return act(context);
  const { clock, stop, actions } = context;
  const deadline = new AbortController();
  const met = new AbortController();
  const passed = clock.sleep(ms, met.signal).then(() => {
    if (met.signal.aborted) return;
    deadline.abort(new Failure('error', `the deadline of ${durationText(ms)} for an instance has passed`));
  });
  const forward = AbortSignal.any([stop.forward, deadline.signal]);
  try {
    return await act({
      ...context,
      stop: { ...stop, forward },
      actions: {
        ...actions,
        ramp: (work, watch) => {
          met.abort();
          return actions.ramp(work, watch);
        },
        soak: (work, watch) => {
          met.abort();
          return actions.soak(work, watch);
        },
      },
    });
  } finally {
    met.abort();
    await passed;
  }
}
