import { serverPath } from '../../rollout/model.ts';
import { untilDrained } from '../traffic.ts';
import type { StepAction } from '../work.ts';

/**
 * Takes the new container, which did not prove itself in service, out again. What is in hand may finish within the
 * drain timeout; after that the way back goes on, because what it holds is held by a container that has failed.
 */
export const withdraw: StepAction = async ({ instance, found }, watch) => {
  for (const { access } of found) {
    const { server, balancer } = access;
    const barrier = (): Promise<void> => balancer.setWeight(server, 0);
    await barrier();
    const { drained, pending } = await untilDrained(access, { withinMs: instance.drain.timeoutMs, barrier }, watch);
    if (!drained) watch.remark({ about: 'not-drained', server, sessions: pending, then: 'continue' });
    await balancer.setAdmin(server, 'maint');
  }
  return found.map(({ access }) => `${serverPath(access.server)} out of service again`).join(', ');
};
