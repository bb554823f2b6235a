import { isReady } from './readiness.ts';
import type { Work } from './work.ts';

/** Whether there is a new container, and nothing is known against it: it has not fallen over, and is ready. */
export async function servesWell(work: Work): Promise<boolean> {
  const { instance, host, container: old, started, servesBadly } = work;
  if (servesBadly) return false;
  const now = await host.containers.inspect(instance.container);
  if (!now || now.id === old?.id || (started && now.startedAt !== started.at)) return false;
  return isReady(now, instance, host);
}
