import { Failure } from '../../errors.ts';
import { LATE_WITHIN_MS } from '../waiting/persist.ts';
import { isPassing, poll } from '../waiting/poll.ts';
import { bothSlots, type Work } from './work.ts';
import type { Watch } from '../waiting/watch.ts';

const LOOK_EVERY_MS = 1_000;
/** A little longer than it takes to notice that a connection is dead. */
const ANSWER_WITHIN_MS = 30_000;

/**
 * Does a step on the way forward, and once more when it fails in passing: a lost connection, a service that is being
 * restarted, an answer that never came. First it waits for what may land late, and until the host, its Engine and
 * HAProxy answer again. The step itself then finds out how far it got; nothing is assumed of a change whose answer was
 * lost.
 *
 * @throws what the step throws otherwise, or the second time; what the host throws when it does not answer again
 */
export async function onceMore(
  action: () => Promise<string>,
  work: Work,
  { watch, retrying }: { readonly watch: Watch; readonly retrying: (reason: string) => void },
): Promise<string> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Failure) || !isPassing(error)) throw error;
    // Whoever is stopped, or late, meanwhile goes home, and must not meet it there.
    await watch.clock.sleep(LATE_WITHIN_MS, new AbortController().signal);
    await untilAnswering(work, watch);
    retrying(error.message);
    return action();
  }
}

async function untilAnswering(work: Work, watch: Watch): Promise<void> {
  await poll(
    async () => {
      await work.host.containers.version();
      for (const { servers } of bothSlots(work))
        for (const { balancer, server } of servers) await balancer.look(server);
    },
    () => true,
    {
      everyMs: LOOK_EVERY_MS,
      withinMs: ANSWER_WITHIN_MS,
      signal: watch.signal,
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    watch.clock,
  );
}
