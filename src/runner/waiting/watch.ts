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

/** Whether it is time to say again what is waited for: not at every look, but as often as a person can follow. */
export function saysWhen(clock: Pick<Clock, 'now'>): () => boolean {
  let nextAt = clock.now() + FIRST_AFTER_MS;
  return () => {
    if (clock.now() < nextAt) return false;
    nextAt = clock.now() + THEN_EVERY_MS;
    return true;
  };
}

interface WatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly subject: Subject;
  readonly step: Step;
}

/** Passes on what a step waits for. */
export function watchOf({ clock, signal, report, subject, step }: WatchOptions): Watch {
  const isTime = saysWhen(clock);
  return {
    clock,
    signal,
    waiting(waiting) {
      if (!isTime()) return;
      report({ type: 'step-waiting', subject, step, waiting });
    },
    remark(remark) {
      report({ type: 'remark', subject, remark });
    },
  };
}
