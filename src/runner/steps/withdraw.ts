import { serverPath } from '../../rollout/model.ts';
import { quiesce } from '../quiesce.ts';
import { findState } from '../traffic.ts';
import type { StepAction } from '../work.ts';

/**
 * Takes the new container, which did not prove itself in service, out again. What is in hand may finish within the
 * drain timeout; after that the way back goes on, because what it holds is held by a container that has failed.
 */
export const withdraw: StepAction = async (work, watch) => {
  const { timeoutMs } = work.instance.drain;
  const there = await Promise.all(work.found.map(async (one) => ((await findState(one.access)) ? [one] : [])));
  work.barriers = await quiesce(there.flat(), { timeoutMs, onTimeout: 'continue' }, watch, work.barriers);
  return work.found.map(({ access }) => `${serverPath(access.server)} out of service again`).join(', ');
};
