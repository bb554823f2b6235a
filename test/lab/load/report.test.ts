import { describe, expect, it } from 'vitest';
import { percentile, textOf } from '../../../lab/load/report.ts';
import { isFailed, Tally } from '../../../lab/load/tally.ts';

const anOutcome = { host: 'fe1', request: 'GET /', latencyMs: 2, status: 200, version: 'v1' };

describe('isFailed()', () => {
  it.each([
    { why: 'a success', outcome: { status: 200 }, failed: false },
    { why: 'a WebSocket that opens', outcome: { status: 101 }, failed: false },
    { why: 'a redirect', outcome: { status: 302 }, failed: true },
    { why: 'an error of the server', outcome: { status: 503 }, failed: true },
    { why: 'a success that was cut off', outcome: { status: 200, error: 'answer cut off' }, failed: true },
    { why: 'no answer', outcome: { error: 'ECONNRESET' }, failed: true },
  ])('$why: $failed', ({ outcome, failed }) => {
    expect(isFailed(outcome)).toBe(failed);
  });
});

describe('Tally', () => {
  it('counts by status, error, version and host, and keeps the first failures', () => {
    const tally = new Tally();

    tally.add(anOutcome);
    tally.add({ ...anOutcome, host: 'fe2', version: 'v2' });
    tally.add({ host: 'fe2', request: 'POST /echo', latencyMs: 9, error: 'ECONNRESET' });

    const report = tally.report();
    expect(report).toMatchObject({
      requests: 3,
      failed: 1,
      byStatus: { 200: 2 },
      byError: { ECONNRESET: 1 },
      byVersion: { v1: 1, v2: 1 },
      byHost: { fe1: 1, fe2: 2 },
      failures: [{ host: 'fe2', request: 'POST /echo', why: 'ECONNRESET' }],
    });
  });

  it('counts apart what failed while its host was made to serve nobody', () => {
    const tally = new Tally();
    const failed = { ...anOutcome, status: 503, latencyMs: 0 };

    const over = tally.outage('fe1');
    tally.add(failed);
    tally.add({ ...failed, host: 'fe2' });
    over();
    tally.add({ ...failed, latencyMs: 10_000 });
    tally.add(failed);

    expect(tally.report()).toMatchObject({ requests: 4, excused: 2, failed: 2 });
    expect(tally.failures.map(({ host }) => host)).toEqual(['fe2', 'fe1']);
  });

  it('reports with `N requests, M failed` as the last line', () => {
    const tally = new Tally();
    tally.add(anOutcome);
    tally.add({ ...anOutcome, status: 503 });

    const text = textOf(tally.report());

    expect(text.split('\n').at(-1)).toBe('2 requests, 1 failed');
    expect(text).toContain('status: 200 1, 503 1');
  });
});

it('percentile() is the nearest rank, and 0 of nothing', () => {
  const sorted = Array.from({ length: 200 }, (_, index) => index + 1);

  expect([50, 99, 100].map((percent) => percentile(sorted, percent))).toEqual([100, 198, 200]);
  expect(percentile([], 99)).toBe(0);
});
