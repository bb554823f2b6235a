import { Failure } from '../../../errors.ts';
import { serverPath, serverSeenFrom } from '../../../rollout/model.ts';
import { whyNotUp } from '../../../rollout/monitor.ts';
import { haveNewServe } from '../new-serves.ts';
import { DrainClock } from '../quiesce.ts';
import { takeOut } from '../take-out.ts';
import { inTheEnd, leavingOf, looksAt, type StepAction, type Work } from '../work.ts';

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

/** Last of all before the old one stops: nothing else would serve then. */
async function demandServing({ found }: Work): Promise<void> {
  for (const { access, admin } of found.map(inTheEnd)) {
    if (admin !== 'ready') continue;
    const look = await access.balancer.look(access.server);
    const why = look.admin === 'ready' ? whyNotUp(look) : `is in ${look.admin}`;
    if (why !== undefined) {
      const where = `${serverPath(access.server)} on ${access.server.balancer.host}`;
      throw new Failure('haproxy', `${where}, which the new container is behind, ${why}`);
    }
  }
}
