import { Failure, reasonOf } from '../../errors.ts';
import { Gone, type Barrier } from './barrier.ts';
import { isPassing, poll } from '../waiting/poll.ts';
import { DrainClock, untilQuiet } from './quiesce.ts';
import type { StepWatch, Work } from './work.ts';

const AGAIN_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 10_000;

/**
 * On the way home, before the new container stops: a reload or somebody else may have let requests in since it was
 * drained, and it may answer them. They may finish within the drain timeout.
 *
 * An HAProxy that does not answer for a while keeps nobody from going home, nor does one on another host that cannot be
 * reached.
 *
 * @throws Failure `unreachable` when the host cannot be asked, `interrupted`
 */
export async function untilLeft({ barriers, instance }: Work, watch: StepWatch): Promise<void> {
  const { timeoutMs } = instance.drain;
  const clock = new DrainClock(watch.clock, timeoutMs);
  const seen: Barrier[] = [];
  for (const barrier of barriers.filter(({ isLowered }) => !isLowered)) {
    const isElsewhere = barrier.server.balancer.host !== instance.host;
    const isBorne = (error: Failure): boolean => isOfHaproxy(error) || (isElsewhere && isPassing(error));
    const trouble = await untilSeen(barrier, isBorne, clock, watch);
    if (trouble) watch.waiting({ for: 'answer', why: reasonOf(trouble), leftMs: 0 });
    else seen.push(barrier);
  }
  try {
    await untilQuiet(seen, { policy: { timeoutMs, onTimeout: 'continue' }, clock }, watch);
  } catch (error) {
    if (!isOfHaproxy(error)) throw error;
    watch.waiting({ for: 'answer', why: reasonOf(error), leftMs: 0 });
  }
}

/** A look that has come through: the barrier is up. Otherwise, why none has, where that `isBorne`. */
async function untilSeen(
  barrier: Barrier,
  isBorne: (error: Failure) => boolean,
  clock: DrainClock,
  watch: StepWatch,
): Promise<unknown> {
  const { last } = await poll<unknown>(
    async () => {
      try {
        await barrier.look(watch);
        return undefined;
      } catch (error) {
        if (error instanceof Gone) return undefined;
        if (!(error instanceof Failure) || !isBorne(error)) throw error;
        return error;
      }
    },
    (trouble) => trouble === undefined,
    {
      ...{ everyMs: AGAIN_EVERY_MS, withinMs: Math.min(clock.leftMs(), ANSWER_WITHIN_MS), signal: watch.signal },
      onWaiting: (trouble, leftMs) => {
        watch.waiting({ for: 'answer', why: reasonOf(trouble), leftMs });
      },
    },
    watch.clock,
  );
  return last;
}

/** Not of the host itself: an answer that says nothing, or nobody who listens. */
function isOfHaproxy(error: unknown): error is Failure {
  return error instanceof Failure && (error.code === 'haproxy' || error.code === 'refused');
}
