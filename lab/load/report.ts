import type { FailedRequest, LongLivedCounts, Tally } from './tally.ts';

export interface LoadReport {
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  /** Failed as well, in an outage that was announced. */
  readonly excused: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  readonly byVersion: Readonly<Record<string, number>>;
  readonly byHost: Readonly<Record<string, number>>;
  /** Of all requests, also the slow ones that take a second by design. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly longLived: LongLivedCounts;
  /** The first 50. */
  readonly failures: readonly FailedRequest[];
}

export function reportOf(tally: Tally, elapsedMs: number): LoadReport {
  const sorted = Float64Array.from(tally.latenciesMs).sort();
  return {
    seconds: Math.round(elapsedMs / 100) / 10,
    requests: tally.requests,
    failed: tally.failed,
    excused: tally.excused,
    byStatus: Object.fromEntries(tally.byStatus),
    byError: Object.fromEntries(tally.byError),
    byVersion: Object.fromEntries(tally.byVersion),
    byHost: Object.fromEntries(tally.byHost),
    latencyMs: { p50: percentile(sorted, 50), p99: percentile(sorted, 99), max: percentile(sorted, 100) },
    longLived: { ...tally.longLived },
    failures: [...tally.failures],
  };
}

/** The report for people; its last line is `N requests, M failed`. */
export function textOf(report: LoadReport): string {
  const { latencyMs, longLived, failures } = report;
  return [
    `${report.seconds} s, ${Math.round(report.requests / Math.max(report.seconds, 0.1))} requests/s`,
    line('status', report.byStatus),
    line('error', report.byError),
    line('version', report.byVersion),
    line('host', report.byHost),
    `latency: p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
    `long-lived: ${longLived.opened} opened, ${longLived.messages} messages, ` +
      `${longLived.closedByOtherSide} closed by the other side`,
    ...failures
      .slice(0, 10)
      .map(({ atMs, host, request, why }) => `failed after ${atMs} ms: ${host} ${request}: ${why}`),
    `${report.requests} requests, ${report.failed} failed`,
  ].join('\n');
}

function line(name: string, counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).sort(([left], [right]) => left.localeCompare(right));
  return `${name}: ${entries.map(([key, number]) => `${key} ${number}`).join(', ') || 'none'}`;
}

/** Nearest rank, rounded to a tenth of a millisecond; 0 of nothing. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return Math.round((sorted[rank - 1] ?? 0) * 10) / 10;
}
