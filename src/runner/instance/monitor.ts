import { backendKey, serverKey, serverPath, type MonitorPolicy, type Server } from '../../rollout/model.ts';
import { tallyAfter, tallyText, whyNotUp, whyTooManyErrors, type Tally } from '../../rollout/monitor.ts';
import type { LoadBalancer, ServerCounters } from '../ports/ports.ts';
import type { MetricWatch } from './metric-watch.ts';
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
  readonly metric: MetricWatch | undefined;
  readonly #isTouched: (server: Server) => boolean;
  readonly #tallies = new Map<string, Tally>();
  /** Its time is never over before it has begun. */
  #startedMs = Infinity;
  #nextAtMs = 0;
  #lookedMs = -Infinity;
  #trouble: string | undefined;

  /** `isTouched`: whether the run has begun to change what is behind a server; it is no measure from then on. */
  constructor(
    work: Work,
    policy: MonitorPolicy,
    {
      isTouched,
      metric,
    }: { readonly isTouched: (server: Server) => boolean; readonly metric?: MetricWatch | undefined },
  ) {
    this.work = work;
    this.policy = policy;
    this.metric = metric;
    this.#isTouched = isTouched;
  }

  begin(nowMs: number): void {
    this.#startedMs = nowMs;
    this.#nextAtMs = nowMs;
    this.metric?.begin(nowMs, this.policy.forMs);
  }

  get hasBegun(): boolean {
    return this.#startedMs !== Infinity;
  }

  get startedMs(): number {
    return this.#startedMs;
  }

  get untilMs(): number {
    return this.#startedMs + this.policy.forMs;
  }

  /** When its counters are to be looked at next; the last time when its time is over. */
  get countersAtMs(): number {
    return this.#lookedMs >= this.untilMs ? this.#nextAtMs : Math.min(this.#nextAtMs, this.untilMs);
  }

  /** When there is something to be done next. */
  get nextAtMs(): number {
    return Math.min(this.countersAtMs, this.metric?.nextAtMs ?? Infinity);
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.untilMs && this.metric?.isOver !== false;
  }

  get sources(): readonly CounterSource[] {
    return this.#serving().map(({ server, balancer }) => ({
      key: backendKey(server),
      ...{ backend: server.backend, balancer },
    }));
  }

  /** Notes that somebody has looked; `trouble`: why the look has not come through. */
  looked(nowMs: number, trouble?: string): void {
    this.#lookedMs = nowMs;
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

  /** What it has come to so far. */
  summary(): string {
    const tallies = this.#serving().map(({ server }) => this.#tallies.get(serverKey(server)));
    const texts = tallies.filter((tally) => tally !== undefined).map(tallyText);
    const counted = texts.length === 0 ? 'its counters were not seen' : texts.join(', ');
    const seen = [counted, this.metric?.text()].filter((text) => text !== undefined).join('; ');
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
    const { found, unproven } = this.work;
    return found
      .map(inTheEnd)
      .filter(({ admin, access }) => admin === 'ready' && unproven?.has(serverKey(access.server)) !== true)
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
