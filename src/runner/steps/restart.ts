import { Failure } from '../../errors.ts';
import type { Container } from '../../rollout/observed.ts';
import { behind } from '../barrier.ts';
import { isPassing } from '../poll.ts';
import { isUntouched, recordedOf } from '../recorded.ts';
import { floorTeller, stillOut, takeOutAgain } from '../take-out.ts';
import type { StepAction, Work } from '../work.ts';

/**
 * Stops the container and starts it again; nothing else of it changes. One that stands still is only started.
 *
 * Can be done again from wherever it broke off, also by another process: that it may have been told to stop is in the
 * undo record, and another start than the one on record is the one that was asked for.
 */
export const restart: StepAction = async (work, watch) => {
  const { instance, host } = work;
  const hasBarriers = work.barriers.length === work.found.length;
  if (hasBarriers && !isBegun(work) && (await isUntouched(work))) await stillOut(work, watch);
  else await takeOutAgain(work, false, watch);
  return behind(
    work.barriers,
    watch,
    async () => {
      const now = await there(work);
      const isDone = isRestarted(now, work);
      if (!isBegun(work)) await begin(work);
      if (!isDone) {
        await host.containers.stop(instance.container);
        await host.containers.start(instance.container);
      }
      // Restarts by itself before this one do not count, those after it do.
      const again = await there(work);
      work.started = { at: again.startedAt, restarts: again.restartCount };
      if (isDone) return 'is restarted already';
      return now.running ? `stopped, started again (${now.image.reference})` : `started (${now.image.reference})`;
    },
    floorTeller(work, watch),
  );
};

/**
 * The way home of a container that stays: it runs, if it ran before; one that did not run is left as it is, since it may
 * serve by now. A stop that was begun goes on without whoever has asked for it, so that one which may yet end so is
 * stopped for good first.
 */
export async function haveItAsFound(work: Work): Promise<string> {
  const { instance, host, container: old } = work;
  const { containers } = host;
  const now = await there(work);
  work.started = undefined;
  if (old?.running === false) return now.running ? 'runs, as it did not before' : 'does not run, as before';
  const mayBeEnding = isBegun(work) && now.running && !isRestarted(now, work);
  if (mayBeEnding) {
    const [stopped] = await Promise.allSettled([containers.stop(instance.container)]);
    // One that cannot be stopped runs on, which is what it is to do.
    if (stopped.status === 'rejected' && isLost(stopped.reason)) throw stopped.reason;
  }
  await containers.start(instance.container);
  return now.running && !mayBeEnding ? 'runs' : 'started again';
}

/** Whether it may have been told to stop. */
export function isBegun(work: Work): boolean {
  return recordedOf(work).some(({ restart: how }) => how === 'begun');
}

/** Whether this is the start that was asked for; one by itself, before anything was begun, is not. */
export function isRestarted(now: Container, work: Work): boolean {
  return isBegun(work) && now.running && now.startedAt !== work.container?.startedAt;
}

async function begin(work: Work): Promise<void> {
  await work.undo.add(recordedOf(work).map((entry) => ({ ...entry, restart: 'begun' as const })));
}

async function there({ instance, host, container: old }: Work): Promise<Container> {
  const now = await host.containers.inspect(instance.container);
  if (now && now.id === old?.id) return now;
  const why = now ? 'another has its name' : 'it is gone';
  throw new Failure('docker', `Cannot restart ${instance.container} on ${host.name}: ${why}`);
}

function isLost(reason: unknown): boolean {
  return reason instanceof Failure && isPassing(reason);
}
