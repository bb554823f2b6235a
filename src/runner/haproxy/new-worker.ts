/** What a reload comes to: the worker that answers after it. */
import { Failure } from '../../errors.ts';
import type { ConfigPort } from '../ports/config-port.ts';
import { poll } from '../waiting/poll.ts';
import type { Bringing } from './push-config.ts';

const NEW_WORKER_WITHIN_MS = 60_000;
const EVERY_MS = 50;

interface Before {
  /** The worker that answered. */
  readonly pid: number;
  /** Reloads that had failed before. */
  readonly failed: number | undefined;
}

export async function newWorker(
  file: ConfigPort,
  { pid, failed }: Before,
  { signal, context }: Pick<Bringing, 'signal' | 'context'>,
): Promise<number> {
  const { last } = await poll(
    async () => {
      const now = await file.standings();
      return { now, failed: now.pid === pid ? await file.failedReloads() : undefined };
    },
    (seen) => seen.now.pid !== pid || (failed !== undefined && (seen.failed ?? 0) > failed),
    { everyMs: EVERY_MS, withinMs: NEW_WORKER_WITHIN_MS, signal },
    context.clock,
  );
  if (last.now.pid !== pid) return last.now.pid;
  const why =
    last.failed !== undefined && last.failed > (failed ?? last.failed)
      ? 'its master could not start a worker with it (its log says why)'
      : `no new worker has come up in ${NEW_WORKER_WITHIN_MS / 1000} s`;
  throw new Failure('haproxy', `Cannot reload HAProxy: ${why}, process ${pid} goes on`);
}
