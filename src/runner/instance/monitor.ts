import { backendKey, serverKey, serverPath, type MonitorPolicy, type Server } from '../../rollout/model.ts';
import { durationText } from '../../rollout/durations.ts';
import { isRight, type Reading } from '../../rollout/metric.ts';
import { tallyAfter, tallyText, whyNotUp, whyTooManyErrors, type Tally } from '../../rollout/monitor.ts';
import type { LoadBalancer, ServerCounters } from '../ports/ports.ts';
import { readingText } from '../waiting/gate.ts';
import { inTheEnd, type Work } from './work.ts';

/** Where counters are to be had: all servers of one backend at once. */
export interface CounterSource {
  /** Equal for the same backend of the same balancer. */
  readonly key: string;
  readonly backend: string;
  readonly balancer: LoadBalancer;
}

/** What is counted of one instance from the moment its servers take requests again, and how that is judged. */
export class Monitor {
  readonly work: Work;
  readonly policy: MonitorPolicy;
  readonly #isTouched: (server: Server) => boolean;
  readonly #tallies = new Map<string, Tally>();
  #startedMs = 0;
  #nextAtMs = 0;
  #metricAtMs = 0;
  /** What its metric was when it was last asked, and the number that it last was. */
  #reading: Reading | undefined;
  #number: number | undefined;
  #trouble: string | undefined;

  /** `isTouched`: whether the run has begun to change what is behind a server; it is no measure from then on. */
  constructor(work: Work, policy: MonitorPolicy, isTouched: (server: Server) => boolean) {
    this.work = work;
    this.policy = policy;
    this.#isTouched = isTouched;
  }

  begin(nowMs: number): void {
    this.#startedMs = nowMs;
    this.#nextAtMs = nowMs;
    this.#metricAtMs = nowMs;
  }

  get startedMs(): number {
    return this.#startedMs;
  }

  get untilMs(): number {
    return this.#startedMs + this.policy.forMs;
  }

  get nextAtMs(): number {
    const metricAtMs = this.policy.metric ? this.#metricAtMs : Infinity;
    return Math.min(this.#nextAtMs, metricAtMs, this.untilMs);
  }

  get sources(): readonly CounterSource[] {
    return this.#serving().map(({ server, balancer }) => ({
      key: backendKey(server),
      ...{ backend: server.backend, balancer },
    }));
  }

  /** Notes that somebody has looked; `trouble`: why the look has not come through. */
  looked(nowMs: number, trouble?: string): void {
    this.#nextAtMs = nowMs + this.policy.everyMs;
    this.#trouble = trouble;
  }

  /** Takes in one look at the counters and tells why the instance does not serve well, or undefined. */
  see(counters: readonly ServerCounters[]): string | undefined {
    const own = this.#serving().map(({ server }) => serverKey(server));
    for (const one of counters) {
      const key = serverKey(one.server);
      if (own.includes(key) || !this.#isTouched(one.server))
        this.#tallies.set(key, tallyAfter(this.#tallies.get(key), one));
    }
    const seen = counters.filter(({ server }) => own.includes(serverKey(server)));
    return seen
      .map((one) => fallenServer(one) ?? this.#whyTooManyErrors(one.server, own))
      .find((why) => why !== undefined);
  }

  /** Whether its metric is to be asked; the last look of all has it, too. */
  wantsMetric(nowMs: number): boolean {
    return this.policy.metric !== undefined && (nowMs >= this.#metricAtMs || nowMs >= this.untilMs);
  }

  /** Takes in one look at its metric and tells why the number is not right. What is no number is no verdict. */
  seeMetric(reading: Reading, nowMs: number): string | undefined {
    const { metric } = this.policy;
    if (!metric) return undefined;
    this.#metricAtMs = nowMs + metric.everyMs;
    this.#reading = reading;
    if (!('value' in reading)) return undefined;
    this.#number = reading.value;
    return isRight(reading.value, metric.limits) ? undefined : readingText(metric, reading);
  }

  /** Why its metric proves nothing after all of its time, or undefined. */
  whyNoMetric(): string | undefined {
    if (this.#number !== undefined || !this.#reading || !('why' in this.#reading)) return undefined;
    return `its metric was no number in ${durationText(this.policy.forMs)}: ${this.#reading.why}`;
  }

  /** The last number that its metric was. */
  get number(): number | undefined {
    return this.#number;
  }

  /** What it has come to so far. */
  summary(): string {
    const tallies = this.#serving().map(({ server }) => this.#tallies.get(serverKey(server)));
    const texts = tallies.filter((tally) => tally !== undefined).map(tallyText);
    const { metric } = this.policy;
    const number = metric && this.#number !== undefined ? [readingText(metric, { value: this.#number })] : [];
    const seen = [texts.length === 0 ? 'its counters were not seen' : texts.join(', '), ...number].join('; ');
    return this.#trouble === undefined ? seen : `${seen}; the last look did not come through: ${this.#trouble}`;
  }

  #whyTooManyErrors(server: Server, own: readonly string[]): string | undefined {
    const tally = this.#tallies.get(serverKey(server));
    if (!tally) return undefined;
    const siblings = [...this.#tallies].filter(
      ([key, { upTo }]) => !own.includes(key) && backendKey(upTo.server) === backendKey(server),
    );
    const why = whyTooManyErrors(
      tally,
      siblings.map(([, sibling]) => sibling),
      this.policy,
    );
    return why === undefined ? undefined : `${serverPath(server)}: ${why}`;
  }

  /** A server that was out of service before is still; nothing is to be expected of it. */
  #serving(): Work['servers'] {
    return this.work.found
      .map(inTheEnd)
      .filter(({ admin }) => admin === 'ready')
      .map(({ access }) => access);
  }
}

function fallenServer(seen: ServerCounters): string | undefined {
  const why = whyNotUp(seen);
  return why === undefined ? undefined : `${serverPath(seen.server)} ${why}`;
}

/** One look at the counters of all these monitors' backends: one command for each backend. */
export async function countersFor(monitors: readonly Monitor[]): Promise<readonly ServerCounters[]> {
  const sources = new Map(monitors.flatMap((one) => one.sources).map((source) => [source.key, source]));
  const seen = await Promise.all([...sources.values()].map(({ balancer, backend }) => balancer.counters(backend)));
  return seen.flat();
}
