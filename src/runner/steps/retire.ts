import { isUsable } from '../../rollout/capacity.ts';
import { sameServer } from '../../rollout/model.ts';
import { behind } from '../barrier.ts';
import { putBackAsFound, UP_WITHIN_AT_LEAST_MS } from '../put-back-as-found.ts';
import { quiesce } from '../quiesce.ts';
import { findState, putBack, stateOf } from '../traffic.ts';
import { asideOf, inTheEnd, replacedBy, type StepAction, type StepWatch, type Work } from '../work.ts';

/**
 * Lets the old container go, and those of earlier runs beyond the number to keep. The instance stays recorded until
 * that is done, so that a run which dies here leaves nothing behind that nobody knows of.
 */
export const retire: StepAction = async (work, watch) => {
  const { instance, host, container } = work;
  if (work.leaving) await letGo(work, work.leaving, watch);
  if (!container) return 'there is no old container';
  const all = await host.containers.list();
  const old = all.filter(({ name }) => replacedBy(name) === instance.container).map(({ name }) => name);
  // The run's id begins with its time, so that names sort by age.
  const keep = Math.max(instance.keep, (await isNeeded(work)) ? 1 : 0);
  const surplus = old.toSorted().slice(0, Math.max(0, old.length - keep));
  for (const name of surplus) await host.containers.remove(name);
  const kept = old.length - surplus.length;
  return kept === 0 ? 'removed the old container' : `kept ${kept} old, removed ${surplus.length}`;
};

/**
 * Has the old one end in the slot that it leaves, and gives the servers there the standing that the free slot had. The
 * new one serves, whatever a reload has made of its servers since.
 */
async function letGo(work: Work, leaving: Work, watch: StepWatch): Promise<void> {
  const withinMs = Math.max(work.instance.ready.withinMs, UP_WITHIN_AT_LEAST_MS);
  for (const { access, agent, ...standing } of work.found.map(inTheEnd)) {
    // Whatever weight somebody has given it since is theirs to give.
    const now = await stateOf(access);
    if (!isUsable(now)) await putBack(access, standing, { withinMs, expectUp: true, agent }, watch);
    else if (agent && !now.hasAgent) await access.balancer.setAgent(access.server, true);
  }
  await drainAnew(leaving, watch);
  await behind(leaving.barriers, watch, () => stopOld(work));
  const { barriers, instance } = leaving;
  const left = { instance, barriers, found: leaving.found.map(inTheEnd) };
  await putBackAsFound(left, { isEmpty: true, expectUp: false }, watch);
}

async function stopOld(work: Work): Promise<void> {
  const { containers } = work.host;
  const aside = await containers.inspect(asideOf(work));
  if (aside === undefined || aside.id !== work.container?.id) return;
  await containers.setRestart(aside.name, { name: 'no', maximumRetryCount: 0 });
  await containers.stop(aside.name);
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
  const looks = await Promise.all(kept.map((barrier) => barrier.look(watch)));
  const old = await Promise.all(kept.map((barrier) => barrier.oldWorkers(watch)));
  const isIdle = looks.every(({ current, queued }) => current + queued === 0) && old.flat().length === 0;
  if (isIdle && kept.length === there.length && kept.every((one) => one.isQuiet && !one.isLowered)) return;
  leaving.barriers = await quiesce(there, { ...instance.drain, onTimeout: 'continue' }, watch, barriers);
}

/** What was put into the old one, and is nowhere else, a rollback takes from there: it is kept outside of no container. */
async function isNeeded(work: Work): Promise<boolean> {
  return !work.instance.revert && work.host.containers.holdsAlone(asideOf(work));
}
