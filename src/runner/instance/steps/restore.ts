import { keepsContainer, sameServer, serverSeenFrom } from '../../../rollout/model.ts';
import { noteLetIn } from '../let-in.ts';
import { putBackAsFound, tellIfItStaysOut, UP_WITHIN_AT_LEAST_MS } from '../put-back-as-found.ts';
import { atFirst, isRamped } from '../ramping.ts';
import { putBack } from '../traffic.ts';
import { inTheEnd, type Found, type StepAction, type StepWatch, type Work } from '../work.ts';

/**
 * Puts the servers back to exactly the weight and state they had, or, of two slots, to those that the servers of the
 * old container have; with a ramp, to its first step. The new container must be seen UP; for the way home see `putBackAsFound`.
 */
export const restore: StepAction = async (work, watch) => {
  const { found } = work;
  // HAProxy may have seen it UP a moment after it had fallen over.
  const ran = work.container?.running !== false;
  // Where the new container stays, the way home leads to that.
  const isHome = watch.homeward && work.newServes !== true;
  const isEmpty = isHome ? await isEmptyBehind(work, ran) : (work.instance.revert?.toNothing ?? false);
  const started = watch.clock.now();
  if (isHome) await putBackAsFound(work, { isEmpty, expectUp: ran && !work.leaving }, watch);
  else {
    if (!watch.homeward) await noteLetIn(work);
    await putInService(work, isEmpty, watch);
  }
  // Taken once more, it finds the server UP already, which says nothing of how long that takes.
  work.upAfterMs = Math.max(work.upAfterMs, watch.clock.now() - started);
  if (found.length === 0) return 'nothing was taken out of service';
  return found
    .map((one) => ({ one, now: isHome ? one : atFirst(inTheEnd(one), work) }))
    .map(({ one, now }) => {
      const of = now.weight < inTheEnd(one).weight && !isHome ? ` of ${inTheEnd(one).weight}` : '';
      return `${serverSeenFrom(work.host.name, one.access.server)} ${standingText(now, isEmpty)}, weight ${now.weight}${of}`;
    })
    .join(', ');
};

/** What is taken back was not there, or what the way home leads to: the server is DOWN, as it was then. */
async function isEmptyBehind({ instance, container, leaving, host }: Work, ran: boolean): Promise<boolean> {
  if (!container || leaving !== undefined) return true;
  // One that stays may have been started, and serve by now.
  return !ran && (!keepsContainer(instance) || (await host.containers.inspect(instance.container))?.running !== true);
}

async function putInService(work: Work, isEmpty: boolean, watch: StepWatch): Promise<void> {
  const { instance, found, barriers } = work;
  const withinMs = Math.max(instance.ready.withinMs, UP_WITHIN_AT_LEAST_MS);
  for (const one of found.map(inTheEnd)) {
    const { access, weight, admin, agent } = atFirst(one, work);
    tellIfItStaysOut(one, watch);
    // Of one that does not answer it is known still that nothing reaches the container from there.
    const onBegin = (): void => {
      for (const barrier of barriers) if (sameServer(barrier.server, access.server)) barrier.lower();
    };
    // It would have its say on the weight: it speaks again when the ramp has ended.
    const speaks = agent && !(isRamped(work) && admin === 'ready');
    await putBack(access, { weight, admin }, { withinMs, expectUp: !isEmpty, isEmpty, agent: speaks, onBegin }, watch);
  }
}

function standingText({ admin }: Found, isEmpty: boolean): string {
  if (admin !== 'ready') return admin;
  return isEmpty ? 'as before, with nothing behind it' : 'UP';
}
