/** Waiting for a number to be right. */
import { Failure } from '../../errors.ts';
import { durationText } from '../../rollout/durations.ts';
import type { GateHook } from '../../rollout/hooks.ts';
import {
  addressOf,
  Hold,
  isRight,
  limitsText,
  metricText,
  numberText,
  readingOf,
  type Metric,
  type Reading,
} from '../../rollout/metric.ts';
import type { Asking } from '../ports/commands.ts';
import { poll } from './poll.ts';
import type { Clock } from '../ports/ports.ts';

const ANSWER_WITHIN_MS = 5_000;

/** One look at a metric. Whatever keeps it from being a number is the reading. */
export async function readMetric(metric: Metric, machine: Asking): Promise<Reading> {
  const { spec, url } = metric;
  try {
    const answer = await machine.ask({ url: addressOf(metric), headers: spec.headers, withinMs: ANSWER_WITHIN_MS });
    const reading = 'why' in answer ? answer : readingOf(metric, answer);
    return 'why' in reading ? { why: `${url} ${reading.why}` } : reading;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { why: error.message };
  }
}

/** What a look has seen, in words: `sum(…) is 3, not below 1`. */
export function readingText(metric: Metric, reading: Reading): string {
  if (!('value' in reading)) return reading.why;
  const { limits } = metric;
  const not = isRight(reading.value, limits) ? '' : 'not ';
  return `${metricText(metric)} is ${numberText(reading.value)}, ${not}${limitsText(limits)}`;
}

export interface GateEnd {
  /** Empty when it was passed; completes "The hook …". */
  readonly why: string;
  /** What was seen last. */
  readonly seen: string;
  readonly value: number | undefined;
}

export interface GateWatch {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly waiting: (seen: string, value: number | undefined, leftMs: number) => void;
}

/**
 * Waits until the number has been right for as long as it is to be. What is no number is not right.
 *
 * @throws `signal.reason` once that aborts
 */
export async function waitForGate(hook: GateHook, machine: Asking, watch: GateWatch): Promise<GateEnd> {
  const { gate, timeoutMs } = hook;
  const { clock, signal } = watch;
  const hold = new Hold(gate.limits, gate.forMs);
  const textOf = (reading: Reading): string => {
    const heldMs = hold.heldMs(clock.now());
    return `${readingText(gate, reading)}${gate.forMs > 0 && heldMs !== undefined ? ` for ${durationText(heldMs)}` : ''}`;
  };
  const { done, last } = await poll(
    () => readMetric(gate, machine),
    (reading) => hold.see(reading, clock.now()),
    {
      ...{ everyMs: gate.everyMs, withinMs: timeoutMs, toTheEnd: true, signal },
      onWaiting: (reading, leftMs) => {
        watch.waiting(textOf(reading), valueOf(reading), leftMs);
      },
    },
    clock,
  );
  const seen = textOf(last);
  const wanted = gate.forMs > 0 && hold.heldMs(clock.now()) !== undefined ? `, of ${durationText(gate.forMs)}` : '';
  const why = done ? '' : `was not passed within ${durationText(timeoutMs)}: ${seen}${wanted}`;
  return { why, seen, value: valueOf(last) };
}

function valueOf(reading: Reading): number | undefined {
  return 'value' in reading ? reading.value : undefined;
}
