import { Failure } from '../../errors.ts';
import { whyNotUp } from '../../rollout/monitor.ts';
import { isPassing } from '../waiting/poll.ts';
import type { ServerLook } from '../ports/ports.ts';
import { isReady } from './readiness.ts';
import { findState, type ServerAccess } from './traffic.ts';
import type { Work } from './work.ts';

/** Whether there is a new container, and nothing is known against it: it has not fallen over, is ready, and seen UP. */
export async function servesWell(work: Work): Promise<boolean> {
  const { instance, host, container: old, started, servesBadly } = work;
  if (servesBadly) return false;
  const now = await host.containers.inspect(instance.container);
  if (!now || now.id === old?.id || (started && now.startedAt !== started.at)) return false;
  return (await isSeenUp(work)) && isReady(now, instance, host);
}

/** By one HAProxy at least, of those that can be reached and do not say nothing of it, as in maintenance. */
async function isSeenUp({ found }: Work): Promise<boolean> {
  const looks = (await Promise.all(found.map(({ access }) => lookIfThere(access)))).filter(
    (look) => look !== undefined,
  );
  return looks.some(({ isUp }) => isUp) || looks.every((look) => whyNotUp(look) === undefined);
}

async function lookIfThere(access: ServerAccess): Promise<ServerLook | undefined> {
  try {
    return (await findState(access)) && (await access.balancer.look(access.server));
  } catch (error) {
    if (error instanceof Failure && isPassing(error)) return undefined;
    throw error;
  }
}
