import { Failure, isOutOfReach } from '../../errors.ts';
import type { Clock } from '../ports/ports.ts';

/** Whether a failure may be gone the next time: a connection lost, a service that is slow, or is being restarted. */
export function isPassing(failure: Failure): boolean {
  return isOutOfReach(failure) || failure.code === 'refused';
}

export interface Patience<T> {
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Milliseconds after which to give up. The last look is taken at or just before this. */
  readonly withinMs: number;
  /** The last look is taken at that moment, however short the time since the one before. */
  readonly toTheEnd?: boolean;
  readonly signal: AbortSignal;
  /** Told after every look that was not the last one. */
  readonly onWaiting?: (seen: T, leftMs: number) => void;
  /** Told when a look itself did not come through and will be taken again. */
  readonly onTrouble?: (trouble: Failure, leftMs: number) => void;
}

/**
 * Looks until `isDone` holds or patience runs out, and says which: running out is a result, not an error, because
 * only the caller knows whether it is one (a slow drain may go on, a sick container may not).
 *
 * A look that fails in passing is taken again until patience runs out: looking changes nothing.
 *
 * @throws whatever else `look` throws, also what is passing if the last look failed so, `signal.reason` once it aborts
 */
export async function poll<T>(
  look: () => Promise<T>,
  isDone: (seen: T) => boolean | Promise<boolean>,
  patience: Patience<T>,
  clock: Clock,
): Promise<{ readonly done: boolean; readonly last: T }> {
  const { everyMs, withinMs, toTheEnd = false, signal } = patience;
  const deadline = clock.now() + withinMs;
  for (;;) {
    signal.throwIfAborted();
    let isLast = clock.now() + (toTheEnd ? 0 : everyMs) > deadline;
    try {
      const last = await look();
      isLast ||= toTheEnd && clock.now() >= deadline;
      if (await isDone(last)) return { done: true, last };
      if (isLast) return { done: false, last };
      patience.onWaiting?.(last, deadline - clock.now());
    } catch (error) {
      if (isLast || !(error instanceof Failure) || !isPassing(error)) throw error;
      patience.onTrouble?.(error, deadline - clock.now());
    }
    await clock.sleep(toTheEnd ? Math.min(everyMs, deadline - clock.now()) : everyMs, signal);
  }
}
