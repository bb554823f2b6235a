import { serverPath } from '../../rollout/model.ts';
import { quiesce } from '../quiesce.ts';
import type { StepAction } from '../work.ts';

/**
 * Takes the new container, which did not prove itself in service, out again. What is in hand may finish within the
 * drain timeout; after that the way back goes on, because what it holds is held by a container that has failed.
 */
export const withdraw: StepAction = async (work, watch) => {
  const { timeoutMs } = work.instance.drain;
  work.barriers = await quiesce(work.found, { timeoutMs, onTimeout: 'continue' }, watch);
  return work.found.map(({ access }) => `${serverPath(access.server)} out of service again`).join(', ');
};
