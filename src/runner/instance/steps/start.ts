import { behind } from '../barrier.ts';
import { floorTeller } from '../floor.ts';
import { floorUnder } from '../take-out.ts';
import type { StepAction } from '../work.ts';
import { swap } from './replace.ts';

/** Starts the new container, once no old one of its company runs any more. */
export const start: StepAction = async (work, watch) => {
  const { instance } = work;
  await behind(
    () => work.barriers,
    watch,
    () => swap(work),
    floorTeller(floorUnder(work), watch),
  );
  return instance.revert?.toNothing ? 'nothing is to run here' : `started ${instance.spec.image}`;
};
