import { Failure } from '../../../errors.ts';
import { imageChange } from '../../../rollout/image-change.ts';
import type { Container } from '../../../rollout/observed.ts';
import { behind } from '../barrier.ts';
import { noteKeptOut } from '../let-in.ts';
import { isUntouched } from '../recorded.ts';
import { floorTeller } from '../floor.ts';
import { floorUnder, stillOut, takeOutAgain } from '../take-out.ts';
import { asideOf, type StepAction, type StepWatch, type Work } from '../work.ts';
import { archiveFound, archiveMade, snapshotFor } from './archive.ts';

/**
 * Puts a new container in the place of the old one, or, with two slots, beside it. The old one keeps its state under
 * another name until the new one has proved itself. Where they have one place, it must not come back meanwhile by its
 * restart policy (an Engine that is restarted starts even stopped containers whose policy is `always`) and take the port.
 *
 * Can be done again from wherever it broke off: every change is made only where it is not made yet.
 */
export const replace: StepAction = async (work, watch) => {
  const { instance, container } = work;
  await surelyOut(work, watch);
  await behind(
    () => work.barriers,
    watch,
    () => swap(work),
    floorTeller(floorUnder(work), watch),
  );
  return container
    ? imageChange(container.image.reference, instance.spec.image)
    : `created from ${instance.spec.image}`;
};

/** A last look before the old container stops. */
export async function surelyOut(work: Work, watch: StepWatch): Promise<void> {
  const hasBarriers = work.barriers.length === work.found.length;
  if (hasBarriers && (!work.container || (await isUntouched(work)))) await stillOut(work, watch);
  else await takeOutAgain(work, false, watch);
  // Those that came late are closed by now.
  await noteKeptOut(work);
}

/** The new container runs in the place of the old one, or beside it. */
export async function swap(work: Work): Promise<void> {
  const { instance, host } = work;
  const runs = await makeRoom(work);
  if (!runs && !instance.revert?.toNothing) await host.containers.start(instance.container);
}

/**
 * The old container has stopped, but for one in a slot of its own, and the new one is made.
 *
 * @returns whether that runs already
 */
export async function makeRoom(work: Work): Promise<boolean> {
  const { instance, container: old, host } = work;
  const { containers } = host;
  const aside = old ? asideOf(work) : undefined;
  const [waiting, named] = await Promise.all([
    aside === undefined ? undefined : containers.inspect(aside),
    containers.inspect(instance.container),
  ]);
  // An earlier part of this run has updated the instance already, and has kept what that had replaced.
  const isKept = waiting !== undefined && waiting.id !== old?.id && named?.id === old?.id;
  if (isKept && waiting.running) {
    const why = `${waiting.name} runs: it may be what serves`;
    throw new Failure('docker', `Cannot replace ${instance.container} on ${host.name}: ${why}`);
  }
  if (isKept) await containers.remove(waiting.name);
  if (!old) await archiveFound(work);
  else if (aside !== undefined && (!waiting || isKept)) await setAside(work, old, { aside, named });
  const made = named?.id === old?.id ? undefined : named;
  const isMade = made !== undefined && (made.id === work.made || (await isAsDeclared(made, work)));
  if (made && !isMade) await containers.remove(made.name);
  const [stopped, created] = await Promise.allSettled([
    aside === undefined || work.leaving ? undefined : containers.stop(aside),
    isMade ? undefined : create(work, aside),
  ]);
  if (stopped.status === 'rejected') throw stopped.reason;
  if (created.status === 'rejected') throw created.reason;
  return isMade && made.running;
}

interface Place {
  readonly aside: string;
  readonly named: Container | undefined;
}

async function setAside(work: Work, old: Container, { aside, named }: Place): Promise<void> {
  const { host, leaving } = work;
  if (named?.id !== old.id) {
    throw new Failure('docker', `Cannot replace ${old.name} on ${host.name}: it is gone, or another has its name`);
  }
  await archiveFound(work);
  // In a slot of its own it goes on serving, and comes back with its Engine, until it is let go.
  if (named.restart.name !== 'no' && !leaving) {
    await host.containers.setRestart(named.name, { name: 'no', maximumRetryCount: 0 });
  }
  await host.containers.rename(named.name, aside);
}

/** Whether a container that was made before the step broke off runs, from the image and with the settings wanted. */
export async function isAsDeclared({ name, image, running }: Container, work: Work): Promise<boolean> {
  const { instance, host } = work;
  if (!running || instance.revert?.toNothing) return false;
  if (instance.revert) return host.containers.isAsIn(name, await snapshotFor(work));
  const wanted = await host.containers.image(instance.spec.image);
  return wanted?.id === image.id && (await host.containers.changes(name, instance.spec)).length === 0;
}

async function create(work: Work, like: string | undefined): Promise<void> {
  const { instance, container, host } = work;
  work.started = undefined;
  if (instance.revert) {
    if (!instance.revert.toNothing) await host.containers.createFrom(instance.container, await snapshotFor(work));
    return;
  }
  // The new one is like the old one was, not like the one that must not restart.
  const spec = { ...instance.spec, restart: instance.spec.restart ?? container?.restart };
  await host.containers.create(instance.container, spec, like);
  await archiveMade(work);
}
