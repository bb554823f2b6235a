import { poll } from './poll.ts';
import type { Watch } from './watch.ts';

/**
 * After a connection broke, how long what was asked may still take effect, in milliseconds: an Engine or a shell that
 * has the command goes on with it. Whoever looks sooner may take a standing for final that is not. An assumption; see
 * "Late effects" in docs/architecture.md.
 */
export const LATE_WITHIN_MS = 1_000;
const AGAIN_EVERY_MS = LATE_WITHIN_MS;
const AGAIN_WITHIN_MS = 60_000;

/**
 * Does what leads home, again and again while it fails in passing, for up to a minute: a lost answer must not leave a
 * server out. What it does must bear being done again from wherever it broke off, as all steps on the way home do.
 */
export async function homeward<T>(action: () => Promise<T>, watch: Watch): Promise<T> {
  const { last } = await poll(
    action,
    () => true,
    {
      everyMs: AGAIN_EVERY_MS,
      withinMs: AGAIN_WITHIN_MS,
      signal: watch.signal,
      onTrouble: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: trouble.message, leftMs });
      },
    },
    watch.clock,
  );
  return last;
}
