import { imageChange } from '../../rollout/image-change.ts';
import { behind } from '../barrier.ts';
import { floorTeller, stillOut } from '../take-out.ts';
import { asideOf, type StepAction, type Work } from '../work.ts';

/**
 * Puts a new container in the place of the old one. The old one keeps its state under another name until the new one
 * has proved itself; meanwhile it must not come back by its restart policy (an Engine that is restarted starts even
 * stopped containers whose policy is `always`), where it would take the port.
 */
export const replace: StepAction = async (work, watch) => {
  const { instance, container } = work;
  await stillOut(work, watch);
  await behind(work.barriers, watch, () => swap(work), floorTeller(work, watch));
  return container
    ? imageChange(container.image.reference, instance.spec.image)
    : `created from ${instance.spec.image}`;
};

async function swap(work: Work): Promise<void> {
  const { instance, container } = work;
  const { containers } = work.host;
  const aside = container ? asideOf(work) : undefined;
  if (container && aside !== undefined) {
    if (container.restart.name !== 'no') {
      await containers.setRestart(container.name, { name: 'no', maximumRetryCount: 0 });
    }
    await containers.rename(container.name, aside);
  }
  // The new one is like the old one was, not like the one that must not restart.
  const spec = { ...instance.spec, restart: instance.spec.restart ?? container?.restart };
  const [stopped, created] = await Promise.allSettled([
    aside === undefined ? undefined : containers.stop(aside),
    containers.create(instance.container, spec, aside),
  ]);
  if (stopped.status === 'rejected') throw stopped.reason;
  if (created.status === 'rejected') throw created.reason;
  await containers.start(instance.container);
}
