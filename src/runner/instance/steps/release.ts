import { serverSeenFrom } from '../../../rollout/model.ts';
import { demandServing, haveNewServe } from '../new-serves.ts';
import { DrainClock } from '../quiesce.ts';
import { takeOut } from '../take-out.ts';
import { leavingOf, looksAt, type StepAction } from '../work.ts';

/**
 * The new container serves in its slot: no request reaches the old one in the other slot any more, and none is in hand.
 * Its backends keep `min_up`, as in a drain, and the new one must serve all the while.
 */
export const release: StepAction = async (work, watch) => {
  const leaving = leavingOf(work);
  // On the way home from a switch back it may have been taken out.
  if (watch.homeward) await haveNewServe(work, watch);
  await demandServing(work);
  if (leaving.before.length === 0) leaving.before = await looksAt(leaving);
  await takeOut(leaving, new DrainClock(watch.clock, work.instance.drain.timeoutMs), watch);
  await demandServing(work);
  return `${leaving.found.map(({ access, weight }) => `${serverSeenFrom(work.host.name, access.server)} weight ${weight} → 0`).join(', ')}, drained`;
};
