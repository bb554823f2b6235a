import { rampSteps, stepReached, weightAt } from '../../rollout/ramp.ts';
import { findState } from './traffic.ts';
import { inTheEnd, type Found, type Work } from './work.ts';

/** The servers whose weight is to come back: one that was out of service stays so. */
export function comingBack({ found }: Pick<Work, 'found'>): readonly Found[] {
  return found.map(inTheEnd).filter(({ admin }) => admin === 'ready');
}

/**
 * The steps of the instance's ramp, as percentages. What is taken back has served at its weight before and has none; nor
 * has what is known to serve well.
 */
export function stepsOf(work: Work): readonly number[] {
  const { ramp, revert } = work.instance;
  if (!ramp || revert || work.newServes) return [];
  return rampSteps(
    comingBack(work).map(({ weight }) => weight),
    ramp,
  );
}

export function isRamped(work: Work): boolean {
  return stepsOf(work).length > 0;
}

/** With the weight that it comes back at first: that of the step it has got to, if it is one of a ramp. */
export function atFirst(one: Found, work: Work): Found {
  const [first] = stepsOf(work);
  if (first === undefined || one.admin !== 'ready') return one;
  return { ...one, weight: weightAt(one.weight, Math.max(first, work.rampedTo)) };
}

/** The step that an earlier process of the run has got to, by the weights that the servers have now. */
export async function rampedTo(work: Work): Promise<number> {
  const { ramp } = work.instance;
  if (!ramp) return 0;
  const now = await Promise.all(
    comingBack(work).map(async ({ access, weight }) => ({ weight, now: (await findState(access))?.weight ?? 0 })),
  );
  return stepReached(now, ramp);
}
