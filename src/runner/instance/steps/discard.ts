import { behind } from '../barrier.ts';
import { uncommit } from '../committed.ts';
import { untilLeft } from '../until-left.ts';
import type { StepAction, Work } from '../work.ts';
import { removeNew } from './roll-back.ts';

/**
 * The new container is gone, and no old one of its company has been started yet. Whoever a reload has let in to it may
 * finish first.
 */
export const discard: StepAction = async (work, watch) => {
  await untilLeft(work, watch);
  return behind(
    () => work.barriers,
    watch,
    () => withoutNew(work),
  );
};

async function withoutNew(work: Work): Promise<string> {
  const { instance, host, container: old } = work;
  await uncommit(work);
  const named = await host.containers.inspect(instance.container);
  if (!named || named.id === old?.id) return 'there is no new container';
  await removeNew(work);
  return `removed ${named.image.reference}`;
}
