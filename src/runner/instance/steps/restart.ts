import { behind } from '../barrier.ts';
import { isRestarted, leftAlone, noteBegun, stayed } from '../staying.ts';
import { floorTeller } from '../floor.ts';
import { floorUnder } from '../take-out.ts';
import type { StepAction } from '../work.ts';

/**
 * Stops the container and starts it again; nothing else of it changes. One that stands still is only started.
 *
 * Can be done again from wherever it broke off, also by another process: that it may have been told to stop is in the
 * undo record, and another start than the one on record is the one that was asked for.
 */
export const restart: StepAction = async (work, watch) => {
  const { instance, host } = work;
  await leftAlone(work, watch);
  return behind(
    () => work.barriers,
    watch,
    async () => {
      const now = await stayed(work);
      const isDone = isRestarted(now, work);
      if (!isDone) {
        // Each time: a try that has failed may not have come to write it.
        await noteBegun(work);
        await host.containers.stop(instance.container);
        await host.containers.start(instance.container);
      }
      // Restarts by itself before this one do not count, those after it do.
      const again = await stayed(work);
      work.started = { at: again.startedAt, restarts: again.restartCount };
      if (isDone) return 'is restarted already';
      return now.running ? `stopped, started again (${now.image.reference})` : `started (${now.image.reference})`;
    },
    floorTeller(floorUnder(work), watch),
  );
};
