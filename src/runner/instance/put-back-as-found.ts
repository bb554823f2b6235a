import { Failure } from '../../errors.ts';
import { isPassing } from '../waiting/poll.ts';
import { findState, putBack } from './traffic.ts';
import type { Found, StepWatch, Work } from './work.ts';

/** HAProxy tells nobody how often it checks (`inter`), so this bounds any sensible `inter` × `rise`. */
export const UP_WITHIN_AT_LEAST_MS = 60_000;

type PutBack = Pick<Work, 'found' | 'barriers' | 'instance'>;

interface Behind {
  /** Nothing runs behind the servers, or what does is not to be relied on. */
  readonly isEmpty: boolean;
  /** Whether those that were UP are to be so again. */
  readonly expectUp: boolean;
}

/**
 * Puts servers back to exactly the weight and state that they were found in, on the way home, or with nothing behind
 * them any more. One that was not UP need not be; one that does not come UP, or whose HAProxy does not answer, does not
 * keep the next from its weight.
 */
export async function putBackAsFound(work: PutBack, { isEmpty, expectUp }: Behind, watch: StepWatch): Promise<void> {
  for (const barrier of work.barriers) barrier.lower();
  const withinMs = Math.max(work.instance.ready.withinMs, UP_WITHIN_AT_LEAST_MS);
  const failures: Failure[] = [];
  for (const one of work.found) {
    const { access, weight, admin, wasUp, agent } = one;
    try {
      if (await isGone(one, watch)) continue;
      tellIfItStaysOut(one, watch);
      const options = { withinMs, expectUp: expectUp && wasUp, isEmpty, agent };
      await putBack(access, { weight, admin }, options, watch);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (isPassing(error) || !(await isGone(one, watch))) failures.push(error);
    }
  }
  // What may pass is tried again.
  const failure = failures.find(isPassing) ?? failures[0];
  if (failure) throw failure;
}

export function tellIfItStaysOut({ access, admin }: Found, watch: StepWatch): void {
  if (admin === 'ready') return;
  watch.remark({ about: 'stays-out', server: access.server, why: `it was in ${admin} before` });
}

/** HAProxy was given another configuration, without the server: there is nothing to put back. */
async function isGone({ access }: Found, watch: StepWatch): Promise<boolean> {
  if (await findState(access)) return false;
  watch.remark({ about: 'gone', server: access.server });
  return true;
}
