import { serverPath } from '../../rollout/model.ts';
import { poll } from '../poll.ts';
import { quiesce } from '../quiesce.ts';
import { findState, type ServerAccess } from '../traffic.ts';
import type { Watch } from '../watch.ts';
import type { StepAction } from '../work.ts';

/**
 * Takes the new container, which did not prove itself in service, out again. What is in hand may finish within the
 * drain timeout; after that the way back goes on, because what it holds is held by a container that has failed.
 */
export const withdraw: StepAction = async (work, watch) => {
  const { timeoutMs } = work.instance.drain;
  const states = await Promise.all(work.found.map(({ access }) => findState(access)));
  const gone = work.found.filter((_, index) => !states[index]);
  work.before = await Promise.all(
    work.found.map(async ({ access: { balancer, server } }, index) =>
      states[index] ? (work.before[index] ?? (await balancer.look(server))) : undefined,
    ),
  );
  const there = work.found.flatMap((one, index) => (states[index] ? [{ ...one, before: work.before[index] }] : []));
  const [quiet] = await Promise.all([
    quiesce(there, { timeoutMs, onTimeout: 'continue' }, watch, work.barriers),
    ...gone.map(({ access }) => untilOldWorkersEnd(access, timeoutMs, watch)),
  ]);
  work.barriers = quiet;
  return work.found.map(({ access }) => `${serverPath(access.server)} out of service again`).join(', ');
};

const LOOK_EVERY_MS = 50;

/**
 * The new configuration has no such server; a worker of the old one may still have requests in hand for it, also where
 * none can be seen.
 */
async function untilOldWorkersEnd({ balancer, server }: ServerAccess, withinMs: number, watch: Watch): Promise<void> {
  let isUnsure = false;
  const { done, last } = await poll(
    async () => {
      const listed = await balancer.oldWorkers(server);
      if (!listed && !isUnsure) watch.remark({ about: 'old-workers-unknown', server });
      isUnsure = !listed;
      return listed;
    },
    (workers) => workers?.every(({ current }) => current === 0) ?? false,
    { everyMs: LOOK_EVERY_MS, withinMs, signal: watch.signal },
    watch.clock,
  );
  const sessions = (last ?? []).reduce((sum, { current }) => sum + (current ?? 0), 0);
  if (!done) watch.remark({ about: 'not-drained', server, sessions, then: 'continue' });
}
