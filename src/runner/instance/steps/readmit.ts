import { Failure } from '../../../errors.ts';
import { serverSeenFrom } from '../../../rollout/model.ts';
import type { Container } from '../../../rollout/observed.ts';
import { behind } from '../barrier.ts';
import { putBackAsFound } from '../put-back-as-found.ts';
import { quiesce } from '../quiesce.ts';
import { recordedOf } from '../recorded.ts';
import { findState } from '../traffic.ts';
import { asideOf, bothSlots, inTheEnd, leavingOf, type StepAction, type StepWatch, type Work } from '../work.ts';
import { check } from './check.ts';

/**
 * The old container serves again in the slot that it was to leave, before the new one is taken out: both do for a
 * moment, so that nothing is missing. It is started where it has stopped already, and proves itself then.
 */
export const readmit: StepAction = async (work, watch) => {
  const leaving = leavingOf(work);
  await inWorkAgain(work);
  try {
    await haveItRun(work, leaving, watch);
    const runs = work.container?.running === true;
    await putBackAsFound(leaving, { isEmpty: !runs, expectUp: runs }, watch);
  } catch (error) {
    work.newServes = await servesInTheEnd(work).catch(() => false);
    throw error;
  }
  const { found } = leaving;
  if (found.length === 0) return 'nothing was taken out of service';
  return found
    .map(({ access, weight }) => `${serverSeenFrom(work.host.name, access.server)} weight ${weight}`)
    .join(', ');
};

/** That it is kept may have been noted, by a write whose answer was lost: it is not any more. */
async function inWorkAgain(work: Work): Promise<void> {
  const entries = bothSlots(work).flatMap(recordedOf);
  if (!entries.some(({ kind }) => kind === 'kept')) return;
  await work.undo.add(entries.map((entry) => ({ ...entry, kind: 'rollout' as const })));
}

async function haveItRun(work: Work, leaving: Work, watch: StepWatch): Promise<void> {
  const { host, container: old } = work;
  if (!old?.running) return;
  const there = await whereItIs(work, old);
  // A stop that was begun goes on without whoever has asked for it.
  const isEnding = recordedOf(leaving).some(({ ending }) => ending);
  if (!there.running || isEnding) {
    const states = await Promise.all(leaving.found.map(({ access }) => findState(access)));
    const quiet = leaving.found.filter((_, index) => states[index]);
    leaving.barriers = await quiesce(quiet, { ...work.instance.drain, onTimeout: 'continue' }, watch, leaving.barriers);
    await behind(
      () => leaving.barriers,
      watch,
      async () => {
        if (there.running) await host.containers.stop(there.name);
        await host.containers.setRestart(there.name, old.restart);
        await host.containers.start(there.name);
      },
    );
  }
  const own = { ...leaving, instance: { ...leaving.instance, container: there.name } };
  await check({ ...own, container: old, wasReady: work.wasReady, started: undefined }, { ...watch, homeward: true });
}

async function whereItIs(work: Work, old: Container): Promise<Container> {
  const { host, instance } = work;
  const aside = await host.containers.inspect(asideOf(work));
  const there = aside?.id === old.id ? aside : await host.containers.inspect(instance.container);
  if (there?.id === old.id) return there;
  throw new Failure('docker', `Cannot bring back ${instance.container} on ${host.name}: its old container is gone`);
}

/** Whether the new container serves at all of its servers as it is to in the end: then nothing more has to be proven. */
async function servesInTheEnd({ found }: Work): Promise<boolean> {
  const states = await Promise.all(found.map(({ access }) => findState(access)));
  return (
    found.length > 0 &&
    found.map(inTheEnd).every(({ weight, admin }, index) => {
      const now = states[index];
      return now?.isUp === true && now.weight === weight && now.admin === admin && admin === 'ready';
    })
  );
}
