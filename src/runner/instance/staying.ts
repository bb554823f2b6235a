/** A container that stays: what the undo record says of what is done to it, and its way home. */
import { Failure } from '../../errors.ts';
import type { Container } from '../../rollout/observed.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { isPassing } from '../waiting/poll.ts';
import { isUntouched, recordedOf } from './recorded.ts';
import { stillOut, takeOutAgain } from './take-out.ts';
import type { StepWatch, Work } from './work.ts';

type Progress = NonNullable<RecordEntry['only']>['progress'];

/** Whether it may have been told to stop, or its command may have been run. */
export function isBegun(work: Work): boolean {
  return recordedOf(work).some(({ only }) => only !== undefined && only.progress !== 'planned');
}

/** Nothing reaches it, or comes again: it is about to be stopped, or to be left to its command. */
export async function leftAlone(work: Work, watch: StepWatch): Promise<void> {
  const hasBarriers = work.barriers.length === work.found.length;
  if (hasBarriers && !isBegun(work) && (await isUntouched(work))) await stillOut(work, watch);
  else await takeOutAgain(work, false, watch);
}

/** Whether its command has ended well. */
export function isDone(work: Work): boolean {
  return recordedOf(work).some(({ only }) => only?.progress === 'done');
}

export async function noteBegun(work: Work): Promise<void> {
  await note(work, 'begun');
}

export async function noteDone(work: Work): Promise<void> {
  await note(work, 'done');
}

async function note(work: Work, progress: Progress): Promise<void> {
  const entries = recordedOf(work).map((entry) => ({
    ...entry,
    ...(entry.only && { only: { ...entry.only, progress } }),
  }));
  await work.undo.add(entries);
}

/** Whether this is the start that was asked for; one by itself, before anything was begun, is not. */
export function isRestarted(now: Container, work: Work): boolean {
  return isBegun(work) && now.running && now.startedAt !== work.container?.startedAt;
}

/** Whether it was told to stop, to be restarted, and has not been started since: it may end at any moment. */
export function mayBeEnding(now: Container, work: Work): boolean {
  return work.instance.strategy === 'restart' && isBegun(work) && now.running && !isRestarted(now, work);
}

/** @throws Failure when it is not the container any more that was found */
export async function stayed({ instance, host, container: old }: Work): Promise<Container> {
  const now = await host.containers.inspect(instance.container);
  if (now && now.id === old?.id) return now;
  const why = now ? 'another has its name' : 'it is gone';
  throw new Failure('docker', `Cannot go on with ${instance.container} on ${host.name}: ${why}`);
}

/**
 * The way home of a container that stays: it runs, if it ran before; one that did not run is left as it is, since it may
 * serve by now. A stop that was begun goes on without whoever has asked for it, so that one which may yet end so is
 * stopped for good first.
 */
export async function haveItAsFound(work: Work): Promise<string> {
  const { instance, host, container: old } = work;
  const { containers } = host;
  const now = await stayed(work);
  work.started = undefined;
  if (old?.running === false) return now.running ? 'runs, as it did not before' : 'does not run, as before';
  const isEnding = mayBeEnding(now, work);
  if (isEnding) {
    const [stopped] = await Promise.allSettled([containers.stop(instance.container)]);
    // One that cannot be stopped runs on, which is what it is to do.
    if (stopped.status === 'rejected' && isLost(stopped.reason)) throw stopped.reason;
  }
  await containers.start(instance.container);
  return now.running && !isEnding ? 'runs' : 'started again';
}

function isLost(reason: unknown): boolean {
  return reason instanceof Failure && isPassing(reason);
}
