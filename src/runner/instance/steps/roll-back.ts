import { Conflict, Failure } from '../../../errors.ts';
import { keepsContainer } from '../../../rollout/model.ts';
import type { Container } from '../../../rollout/observed.ts';
import { behind } from '../barrier.ts';
import { isPassing } from '../../waiting/poll.ts';
import { haveItAsFound } from '../staying.ts';
import { untilLeft } from '../until-left.ts';
import { asideOf, type StepAction, type Work } from '../work.ts';

/**
 * The old container is back under its name and runs, from wherever `replace` got to: the same code whether the new
 * one was never created or has been running for a while. Whoever a reload has let in to the new one may finish first.
 */
export const rollBack: StepAction = async (work, watch) => {
  await untilLeft(work, watch);
  return behind(
    () => work.barriers,
    watch,
    () => (keepsContainer(work.instance) ? haveItAsFound(work) : bringBack(work)),
  );
};

async function bringBack(work: Work): Promise<string> {
  const { instance, host, container: old } = work;
  const { containers } = host;
  const aside = await containers.inspect(asideOf(work));
  const named = await containers.inspect(instance.container);
  if (named && named.id !== old?.id) await removeNew(work);
  work.started = undefined;
  if (!old) return `removed ${instance.container}, which did not exist before`;
  if (aside?.id === old.id) {
    if (aside.running && !work.leaving) await endForGood(aside.name, work);
    await takeName(aside.name, work);
  }
  if (aside?.id !== old.id && named?.id !== old.id) {
    throw new Failure('docker', `Cannot bring back ${instance.container} on ${host.name}: its old container is gone`);
  }
  // Whatever became of its restart policy: better back without it than not back. Where Docker can write nothing, it has kept it.
  const isKept = named?.id === old.id && sameRestart(named.restart, old.restart);
  const setting = isKept ? undefined : containers.setRestart(instance.container, old.restart);
  const [policy] = await Promise.allSettled([setting]);
  if (old.running) await containers.start(instance.container);
  if (policy.status === 'rejected') throw policy.reason;
  return `${old.image.reference} is back`;
}

/** A new container whose making was given up on has the name until it is made, or not: then it is removed first. */
async function takeName(from: string, { instance, host }: Work): Promise<void> {
  try {
    await host.containers.rename(from, instance.container);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    throw new Failure('refused', error.message, { cause: error });
  }
}

function sameRestart(one: Container['restart'], other: Container['restart']): boolean {
  return one.name === other.name && one.maximumRetryCount === other.maximumRetryCount;
}

/**
 * A stop that was begun goes on without whoever has asked for it, and an old container that is set aside may have been
 * told to stop: nothing reaches it, so it is stopped for good before it is started. One that cannot be stopped runs on.
 */
async function endForGood(name: string, { host }: Work): Promise<void> {
  const [stopped] = await Promise.allSettled([host.containers.stop(name)]);
  if (stopped.status === 'rejected' && isLost(stopped.reason)) throw stopped.reason;
}

function isLost(reason: unknown): boolean {
  return reason instanceof Failure && isPassing(reason);
}

/**
 * Its own stop grace first; one that cannot even be stopped is removed by force. But a stop whose answer was lost may yet
 * be carried out, and would meet the old container once that has the name.
 */
export async function removeNew({ instance, host }: Work): Promise<void> {
  const [stopped] = await Promise.allSettled([host.containers.stop(instance.container)]);
  if (stopped.status === 'rejected' && isLost(stopped.reason)) throw stopped.reason;
  await host.containers.remove(instance.container);
}
