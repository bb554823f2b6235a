import type { Remark, Report, Subject, Waiting } from '../../rollout/events.ts';
import type { Step } from '../../rollout/lifecycle.ts';
import type { Clock } from '../ports/ports.ts';

/** What a step that waits is given: time, a way to be stopped, and somebody to tell. */
export interface Watch {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  waiting(waiting: Waiting): void;
  remark(remark: Remark): void;
}

/** Nothing is said of a wait shorter than this. */
const FIRST_AFTER_MS = 2_000;
const THEN_EVERY_MS = 5_000;

interface WatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly subject: Subject;
  readonly step: Step;
}

/** Passes on what a step waits for, not at every look but as often as a person can follow. */
export function watchOf({ clock, signal, report, subject, step }: WatchOptions): Watch {
  let nextAt = clock.now() + FIRST_AFTER_MS;
  return {
    clock,
    signal,
    waiting(waiting) {
      if (clock.now() < nextAt) return;
      nextAt = clock.now() + THEN_EVERY_MS;
      report({ type: 'step-waiting', subject, step, waiting });
    },
    remark(remark) {
      report({ type: 'remark', subject, remark });
    },
  };
}
