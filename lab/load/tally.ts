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
  readonly #startedAt = performance.now();

  add(outcome: Outcome): void {
    const { host, request, status, version, error, latencyMs } = outcome;
    this.requests += 1;
    this.latenciesMs.push(latencyMs);
    count(this.byHost, host);
    if (status !== undefined) count(this.byStatus, String(status));
    if (version !== undefined) count(this.byVersion, version);
    if (error !== undefined) count(this.byError, error);
    if (!isFailed(outcome)) return;
    this.failed += 1;
    if (this.failures.length >= keptFailures) return;
    this.failures.push({ atMs: Math.round(this.#elapsedMs()), host, request, why: error ?? `status ${status ?? 0}` });
  }

  report(): LoadReport {
    return reportOf(this, this.#elapsedMs());
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
