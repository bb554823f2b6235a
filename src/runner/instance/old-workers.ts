import type { Server } from '../../rollout/model.ts';
import type { OldWorker } from '../ports/ports.ts';
import { poll } from '../waiting/poll.ts';
import type { Watch } from '../waiting/watch.ts';

const LOOK_EVERY_MS = 50;

/**
 * HAProxy has another configuration by now, without the server; who had it before may still have requests in hand for it.
 * They may finish within this time. `look`: what is seen of those workers; undefined where none can be seen, which does
 * not say that there are none.
 */
export async function untilOldWorkersEnd(
  server: Server,
  look: () => Promise<readonly OldWorker[] | undefined>,
  { withinMs, watch }: { readonly withinMs: number; readonly watch: Watch },
): Promise<void> {
  const { done, last } = await poll(
    look,
    (workers) => workers?.every(({ current }) => current === 0) ?? false,
    {
      ...{ everyMs: LOOK_EVERY_MS, withinMs, signal: watch.signal },
      onWaiting: (workers, leftMs) => {
        const old = workers?.find(({ current }) => current !== 0);
        if (old) watch.waiting({ for: 'old-worker', server, ...old, leftMs });
      },
    },
    watch.clock,
  );
  const sessions = (last ?? []).reduce((sum, { current }) => sum + (current ?? 0), 0);
  if (!done) watch.remark({ about: 'not-drained', server, sessions, then: 'continue' });
}
