import { asideOf, replacedBy, type StepAction } from '../work.ts';

/** Lets the old container go, and those of earlier runs beyond the number to keep. */
export const retire: StepAction = async (work) => {
  const { instance, host, container } = work;
  if (!container) return 'there was no container before';
  if (instance.keep === 0) {
    await host.containers.remove(asideOf(work));
    return 'removed the old container';
  }
  const all = await host.containers.list();
  const old = all.filter(({ name }) => replacedBy(name) === instance.container).map(({ name }) => name);
  // The run's id begins with its time, so that names sort by age.
  const surplus = old.toSorted().slice(0, -instance.keep);
  for (const name of surplus) await host.containers.remove(name);
  return `kept ${old.length - surplus.length} old, removed ${surplus.length}`;
};
