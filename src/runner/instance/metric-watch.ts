import { durationText } from '../../rollout/durations.ts';
import { isRight, type Metric, type Reading } from '../../rollout/metric.ts';
import type { Clock } from '../ports/ports.ts';
import { readingText } from '../waiting/gate.ts';

export interface MetricSource {
  readonly clock: Clock;
  /** One look. Whatever keeps it from being a number is the reading. */
  readonly read: () => Promise<Reading>;
}

/** The number that an instance is watched by, asked for beside its counters: one question at a time, however long it takes. */
export class MetricWatch {
  readonly #metric: Metric;
  readonly #source: MetricSource;
  #forMs = 0;
  #untilMs = 0;
  #nextAtMs = 0;
  #isAsking = false;
  #answeredMs = -Infinity;
  #reading: Reading | undefined;
  #number: number | undefined;
  #why: string | undefined;
  #bug: { readonly error: unknown } | undefined;

  constructor(metric: Metric, source: MetricSource) {
    this.#metric = metric;
    this.#source = source;
  }

  begin(nowMs: number, forMs: number): void {
    this.#nextAtMs = nowMs;
    this.#forMs = forMs;
    this.#untilMs = nowMs + forMs;
  }

  /** When to ask next; infinity while it is being asked, and after the last answer. */
  get nextAtMs(): number {
    return this.#isAsking || this.isOver ? Infinity : Math.min(this.#nextAtMs, this.#untilMs);
  }

  /** Whether its time is over, and there was an answer since. */
  get isOver(): boolean {
    return this.#answeredMs >= this.#untilMs;
  }

  /** The last number that it was. */
  get number(): number | undefined {
    return this.#number;
  }

  /** Begins to ask when it is time. */
  askWhenDue(answered: () => void = () => undefined): void {
    const { clock, read } = this.#source;
    if (clock.now() < this.nextAtMs) return;
    this.#isAsking = true;
    this.#nextAtMs = clock.now() + this.#metric.everyMs;
    const over = (): void => {
      this.#isAsking = false;
      this.#answeredMs = clock.now();
      answered();
    };
    read().then(
      (reading) => {
        this.#see(reading);
        over();
      },
      (error: unknown) => {
        this.#bug = { error };
        over();
      },
    );
  }

  /** Why a number that was seen is not right, or undefined. What is no number is no verdict. */
  whyWrong(): string | undefined {
    if (this.#bug) throw this.#bug.error;
    return this.#why;
  }

  /** Why it proves nothing after all of its time, or undefined. */
  whyNoNumber(): string | undefined {
    if (this.#number !== undefined || !this.#reading || !('why' in this.#reading)) return undefined;
    return `its metric was no number in ${durationText(this.#forMs)}: ${this.#reading.why}`;
  }

  /** The last number in words, or undefined. */
  text(): string | undefined {
    return this.#number === undefined ? undefined : readingText(this.#metric, { value: this.#number });
  }

  #see(reading: Reading): void {
    this.#reading = reading;
    if (!('value' in reading)) return;
    this.#number = reading.value;
    if (!isRight(reading.value, this.#metric.limits)) this.#why ??= readingText(this.#metric, reading);
  }
}
