import { reportOf } from './report.ts';
import type { LoadReport } from './report.ts';

/** How one request ended. */
export interface Outcome {
  readonly host: string;
  readonly request: string;
  readonly latencyMs: number;
  /** Undefined when there was no complete answer. */
  readonly status?: number | undefined;
  readonly version?: string | undefined;
  /** Why there was no complete answer. */
  readonly error?: string | undefined;
}

/** A failed request, for whoever wants to know when and where. */
export interface FailedRequest {
  /** Since the load began. */
  readonly atMs: number;
  readonly host: string;
  readonly request: string;
  readonly why: string;
}

export interface LongLivedCounts {
  readonly opened: number;
  readonly messages: number;
  readonly closedByOtherSide: number;
}

/** From when to when a host does not serve by what was done to it, by the clock of `performance`. */
interface Outage {
  readonly host: string;
  readonly from: number;
  to: number;
}

const keptFailures = 50;

/** Counts while the load runs. */
export class Tally {
  readonly byStatus = new Map<string, number>();
  readonly byError = new Map<string, number>();
  readonly byVersion = new Map<string, number>();
  readonly byHost = new Map<string, number>();
  readonly failures: FailedRequest[] = [];
  readonly latenciesMs: number[] = [];
  readonly longLived = { opened: 0, messages: 0, closedByOtherSide: 0 };
  requests = 0;
  failed = 0;
  /** Failed requests that were under way in an outage of their host; they are not among `failed`. */
  excused = 0;
  readonly #outages: Outage[] = [];
  readonly #startedAt = performance.now();

  add(outcome: Outcome): void {
    const { host, status, version, error, latencyMs } = outcome;
    this.requests += 1;
    this.latenciesMs.push(latencyMs);
    count(this.byHost, host);
    if (status !== undefined) count(this.byStatus, String(status));
    if (version !== undefined) count(this.byVersion, version);
    if (error !== undefined) count(this.byError, error);
    if (!isFailed(outcome)) return;
    if (this.#isExcused(outcome)) this.excused += 1;
    else this.#addFailure(outcome);
  }

  /** Says that a host serves nobody from now on until the function returned is called. */
  outage(host: string): () => void {
    const outage = { host, from: performance.now(), to: Infinity };
    this.#outages.push(outage);
    return () => {
      outage.to = performance.now();
    };
  }

  report(): LoadReport {
    return reportOf(this, this.#elapsedMs());
  }

  #isExcused({ host, latencyMs }: Outcome): boolean {
    const endedAt = performance.now();
    const beganAt = endedAt - latencyMs;
    return this.#outages.some((one) => one.host === host && beganAt < one.to && endedAt >= one.from);
  }

  #addFailure({ host, request, status, error }: Outcome): void {
    this.failed += 1;
    if (this.failures.length >= keptFailures) return;
    this.failures.push({ atMs: Math.round(this.#elapsedMs()), host, request, why: error ?? `status ${status ?? 0}` });
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }
}

/** Only a complete answer that says success is one; 101 is how a WebSocket succeeds. */
export function isFailed({ status, error }: Pick<Outcome, 'status' | 'error'>): boolean {
  return error !== undefined || status === undefined || ((status < 200 || status > 299) && status !== 101);
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
