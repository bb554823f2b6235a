import { asideOf, replacedBy, type StepAction, type Work } from '../work.ts';

/**
 * Removes the old container, and those of earlier runs beyond the number to keep. The instance stays recorded until
 * that is done, so that a run which dies here leaves nothing behind that nobody knows of.
 */
export const retire: StepAction = async (work) => {
  const { instance, host, container } = work;
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

/** What was put into the old one, and is nowhere else, a rollback takes from there: it is kept outside of no container. */
async function isNeeded(work: Work): Promise<boolean> {
  return !work.instance.revert && work.host.containers.holdsAlone(asideOf(work));
}
