import { Failure } from '../../errors.ts';
import { serverPath } from '../../rollout/model.ts';
import { behind } from '../barrier.ts';
import { putBackAsFound } from '../put-back-as-found.ts';
import { asideOf, type StepAction, type StepWatch, type Work } from '../work.ts';
import { check } from './check.ts';

/**
 * The old container serves again in the slot that it was to leave, before the new one is taken out: both do for a
 * moment, so that nothing is missing. It is started where it has stopped already, and proves itself then.
 */
export const readmit: StepAction = async (work, watch) => {
  const { leaving } = work;
  if (!leaving) return 'there is no other slot';
  await behind(leaving.barriers, watch, () => haveItRun(work, watch));
  const { found } = leaving;
  const runs = work.container?.running === true;
  await putBackAsFound(leaving, { isEmpty: !runs, expectUp: runs }, watch);
  if (found.length === 0) return 'nothing was taken out of service';
  return found.map(({ access, weight }) => `${serverPath(access.server)} weight ${weight}`).join(', ');
};

async function haveItRun(work: Work, watch: StepWatch): Promise<void> {
  const { leaving, host, instance, container: old } = work;
  if (!leaving || !old?.running) return;
  const aside = await host.containers.inspect(asideOf(work));
  const there = aside?.id === old.id ? aside : await host.containers.inspect(instance.container);
  if (there?.id !== old.id) {
    throw new Failure('docker', `Cannot bring back ${instance.container} on ${host.name}: its old container is gone`);
  }
  if (!there.running) {
    await host.containers.setRestart(there.name, old.restart);
    await host.containers.start(there.name);
  }
  const own = { ...leaving, instance: { ...leaving.instance, container: there.name } };
  await check({ ...own, container: old, wasReady: work.wasReady, started: undefined }, watch);
}
