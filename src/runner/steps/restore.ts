import { Failure } from '../../errors.ts';
import { serverPath } from '../../rollout/model.ts';
import { isPassing } from '../poll.ts';
import { findState, putBack } from '../traffic.ts';
import type { Found, StepAction, StepWatch } from '../work.ts';

/** HAProxy tells nobody how often it checks (`inter`), so this bounds any sensible `inter` × `rise`. */
const UP_WITHIN_AT_LEAST_MS = 60_000;

/**
 * Puts the servers back to exactly the weight and state they had. The new container must be seen UP; on the way home
 * a server that was not UP when it was found need not be, and one that does not come UP, or whose HAProxy does not
 * answer, does not keep the next from its weight.
 */
export const restore: StepAction = async (work, watch) => {
  const { instance, found, barriers } = work;
  for (const barrier of barriers) barrier.lower();
  const withinMs = Math.max(instance.ready.withinMs, UP_WITHIN_AT_LEAST_MS);
  // HAProxy may have seen it UP a moment after it had fallen over.
  const ran = work.container?.running !== false;
  /** What is taken back was not there, or what the way home leads to: the server is DOWN, as it was then. */
  const isEmpty = watch.homeward ? !work.container || !ran : (instance.revert?.toNothing ?? false);
  const started = watch.clock.now();
  const failures: Failure[] = [];
  for (const one of found) {
    const { access, weight, admin, wasUp, agent } = one;
    try {
      if (watch.homeward && (await isGone(one, watch))) continue;
      if (admin !== 'ready') {
        watch.remark({ about: 'stays-out', server: access.server, why: `it was in ${admin} before` });
      }
      const expectUp = watch.homeward ? wasUp && ran : !isEmpty;
      await putBack(access, { weight, admin }, { withinMs, expectUp, isEmpty, agent }, watch);
    } catch (error) {
      if (!watch.homeward || !(error instanceof Failure)) throw error;
      if (isPassing(error) || !(await isGone(one, watch))) failures.push(error);
    }
  }
  // What may pass is tried again.
  const failure = failures.find(isPassing) ?? failures[0];
  if (failure) throw failure;
  // Taken once more, it finds the server UP already, which says nothing of how long that takes.
  work.upAfterMs = Math.max(work.upAfterMs, watch.clock.now() - started);
  if (found.length === 0) return 'nothing was taken out of service';
  return found
    .map(
      ({ access, weight, admin }) =>
        `${serverPath(access.server)} ${admin !== 'ready' ? admin : isEmpty ? 'as before, with nothing behind it' : 'UP'}, weight ${weight}`,
    )
    .join(', ');
};

/** HAProxy was given another configuration, without the server: there is nothing to put back. */
async function isGone({ access }: Found, watch: StepWatch): Promise<boolean> {
  if (await findState(access)) return false;
  watch.remark({ about: 'gone', server: access.server });
  return true;
}
