import { Failure } from '../../errors.ts';
import { durationText } from '../../rollout/durations.ts';
import type { Clock } from '../ports/ports.ts';
import type { AdvanceContext } from './advance.ts';

/**
 * Carries out `act` with a context whose forward steps are aborted once `ms` have passed. The deadline is met when the
 * ramp or the soak begins: the new container serves then, and how long those take is said elsewhere. How long one that
 * has proved itself waits for others, or for its turn, until it may serve does not count.
 */
export async function withinDeadline<T>(
  ms: number | undefined,
  context: AdvanceContext,
  act: (context: AdvanceContext) => Promise<T>,
): Promise<T> {
  if (ms === undefined) return act(context);
  const { clock, stop, actions } = context;
  const deadline = new AbortController();
  const countdown = new Countdown(ms, clock, () => {
    deadline.abort(new Failure('error', `the deadline of ${durationText(ms)} for an instance has passed`));
  });
  countdown.go();
  try {
    return await act({
      ...context,
      stop: { ...stop, forward: AbortSignal.any([stop.forward, deadline.signal]) },
      actions: {
        ...actions,
        check: async (work, watch) => {
          const outcome = await actions.check(work, watch);
          if (!watch.homeward && work.company) countdown.halt();
          return outcome;
        },
        restore: (work, watch) => {
          if (!watch.homeward) countdown.go();
          return actions.restore(work, watch);
        },
        ramp: (work, watch) => {
          countdown.halt();
          return actions.ramp(work, watch);
        },
        soak: (work, watch) => {
          countdown.halt();
          return actions.soak(work, watch);
        },
      },
    });
  } finally {
    countdown.halt();
    await countdown.settled();
  }
}

/** Tells once it has been going for so long, from one halt to the next. */
class Countdown {
  #leftMs: number;
  readonly #clock: Clock;
  readonly #over: () => void;
  #going: { readonly sinceMs: number; readonly halted: AbortController } | undefined;
  #asleep: readonly Promise<void>[] = [];

  constructor(ms: number, clock: Clock, over: () => void) {
    this.#leftMs = ms;
    this.#clock = clock;
    this.#over = over;
  }

  go(): void {
    if (this.#going) return;
    const halted = new AbortController();
    this.#going = { sinceMs: this.#clock.now(), halted };
    const passed = this.#clock.sleep(this.#leftMs, halted.signal).then(() => {
      if (!halted.signal.aborted) this.#over();
    });
    this.#asleep = [...this.#asleep, passed];
  }

  halt(): void {
    if (!this.#going) return;
    const { sinceMs, halted } = this.#going;
    this.#going = undefined;
    this.#leftMs -= this.#clock.now() - sinceMs;
    halted.abort();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#asleep);
  }
}
