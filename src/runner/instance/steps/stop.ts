import { behind } from '../barrier.ts';
import { floorTeller } from '../floor.ts';
import { floorUnder } from '../take-out.ts';
import type { StepAction } from '../work.ts';
import { makeRoom, surelyOut } from './replace.ts';

/**
 * Stops the old container, which waits under another name, and makes the new one, which does not run as long as any old
 * one of its company may.
 */
export const stop: StepAction = async (work, watch) => {
  const { instance, container, host } = work;
  await surelyOut(work, watch);
  await behind(
    () => work.barriers,
    watch,
    () => makeRoom(work),
    floorTeller(floorUnder(work), watch),
  );
  const made = await host.containers.inspect(instance.container);
  work.made = made?.id;
  return container ? `stopped ${container.image.reference}` : 'there was no container before';
};
