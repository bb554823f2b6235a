import { Failure } from '../errors.ts';
import { isPassing } from './poll.ts';
import { bothSlots, type Work } from './work.ts';

/**
 * Does what is one step; when it fails since an HAProxy does not answer that the run may do without, that one is left
 * out of the instance, with what is recorded of it, and the step is taken again.
 */
export async function withoutLost<T>(step: () => Promise<T>, work: Work): Promise<T> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof Failure) || !isPassing(error) || !(await leaveOutLost(work))) throw error;
    }
  }
}

/** Whether there was one to leave out. */
async function leaveOutLost(work: Work): Promise<boolean> {
  const lost = new Set<string>();
  for (const { server, balancer } of bothSlots(work).flatMap((one) => one.servers)) {
    const { host } = server.balancer;
    if (lost.has(host)) continue;
    try {
      await balancer.look(server);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (work.mayLack?.(host, error) === true) lost.add(host);
    }
  }
  for (const one of bothSlots(work)) leaveOut(one, lost);
  return lost.size > 0;
}

function leaveOut(work: Work, lost: ReadonlySet<string>): void {
  const isLeft = (host: string): boolean => !lost.has(host);
  for (const barrier of work.barriers) if (!isLeft(barrier.server.balancer.host)) barrier.lower();
  work.barriers = work.barriers.filter(({ server }) => isLeft(server.balancer.host));
  work.found = work.found.filter(({ access }) => isLeft(access.server.balancer.host));
  // It goes by the order of the servers.
  work.before = work.before.filter((_, index) => isLeft(work.servers[index]?.server.balancer.host ?? ''));
  work.servers = work.servers.filter(({ server }) => isLeft(server.balancer.host));
}
