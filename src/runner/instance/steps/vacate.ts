import { sameServer } from '../../../rollout/model.ts';
import { behind } from '../barrier.ts';
import { haveNewServe } from '../new-serves.ts';
import { untilOldWorkersEnd } from '../old-workers.ts';
import { putBackAsFound } from '../put-back-as-found.ts';
import { quiesce } from '../quiesce.ts';
import { recordedOf } from '../recorded.ts';
import { findState } from '../traffic.ts';
import { asideOf, inTheEnd, leavingOf, type StepAction, type StepWatch, type Work } from '../work.ts';

/**
 * Has the old container end in the slot that it leaves, and gives the servers there the standing that the free slot had.
 * The new one serves, whatever a reload has made of its servers since.
 */
export const vacate: StepAction = async (work, watch) => {
  const leaving = leavingOf(work);
  await haveNewServe(work, watch);
  await drainAnew(leaving, watch);
  await behind(
    () => leaving.barriers,
    watch,
    () => stopOld(work),
  );
  const { barriers, instance } = leaving;
  const left = { instance, barriers, found: leaving.found.map(inTheEnd) };
  await putBackAsFound(left, { isEmpty: true, expectUp: false }, watch);
  return `stopped the old container in slot ${work.instance.leaving?.name ?? ''}`;
};

async function stopOld(work: Work): Promise<void> {
  const { containers } = work.host;
  const aside = await containers.inspect(asideOf(work));
  if (aside === undefined || aside.id !== work.container?.id) return;
  await containers.setRestart(aside.name, { name: 'no', maximumRetryCount: 0 });
  await noteEnding(leavingOf(work));
  await containers.stop(aside.name);
}

/** Before each stop, since it is not known whether the last time was written. */
async function noteEnding(leaving: Work): Promise<void> {
  await leaving.undo.add(recordedOf(leaving).map((entry) => ({ ...entry, ending: true })));
}

/**
 * Nothing is in hand at the servers of the slot to be left at this moment, nor comes: they were drained in a release, if
 * nobody has let anything in since, or else are now. What is in hand then may finish within the drain timeout.
 */
async function drainAnew(leaving: Work, watch: StepWatch): Promise<void> {
  const { found, barriers, instance } = leaving;
  const states = await Promise.all(found.map(({ access }) => findState(access)));
  const there = found.filter((_, index) => states[index]);
  const kept = barriers.filter(({ server }) => there.some(({ access }) => sameServer(access.server, server)));
  const gone = barriers.filter((one) => !kept.includes(one));
  const within = { withinMs: instance.drain.timeoutMs, watch };
  for (const barrier of gone) await untilOldWorkersEnd(barrier.server, () => barrier.oldWorkers(watch), within);
  const looks = await Promise.all(kept.map((barrier) => barrier.look(watch)));
  const old = await Promise.all(kept.map((barrier) => barrier.oldWorkers(watch)));
  const isIdle = looks.every(({ current, queued }) => current + queued === 0) && old.flat().length === 0;
  if (isIdle && kept.length === there.length && kept.every((one) => one.isQuiet && !one.isLowered)) return;
  leaving.barriers = await quiesce(there, { ...instance.drain, onTimeout: 'continue' }, watch, barriers);
}
