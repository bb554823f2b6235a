import { keepStanding } from '../standing.ts';
import { asideOf, replacedBy, type StepAction, type Work } from '../work.ts';

/**
 * Lets the old container go, and those of earlier runs beyond the number to keep. The instance stays recorded until
 * that is done, so that a run which dies here leaves nothing behind that nobody knows of.
 */
export const retire: StepAction = async (work, { clock }) => {
  const { instance, host, container, undo, servers, found } = work;
  if (!container) return 'there was no container before';
  // Once it is gone there is nothing that a recovery could put in service: it must not be asked for.
  if (instance.revert?.toNothing) {
    await keepStanding(found, clock);
    await undo.drop(servers.map(({ server }) => server));
  }
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
