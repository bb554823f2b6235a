import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { fateOf } from '../../src/cli/past-runs.ts';
import type { RunHistory } from '../../src/rollout/history.ts';

/** A run of this machine that has not ended, in a process of this number which began just now. */
function aRun(over: Partial<RunHistory>): RunHistory {
  const process = { machine: hostname(), outcome: undefined, lastStartedAt: new Date().toISOString() };
  return { ...process, ...over } as RunHistory;
}

describe('fateOf()', () => {
  it.each([
    { why: 'a process of its number runs', run: aRun({ pid: process.ppid }), fate: 'running' },
    { why: 'no process has its number', run: aRun({ pid: 2 ** 22 + 1 }), fate: 'died' },
    {
      why: 'its number is our own, as in a container that has begun anew',
      run: aRun({ pid: process.pid }),
      fate: 'died',
    },
    { why: 'it is that of another machine', run: aRun({ machine: 'elsewhere', pid: process.pid }), fate: 'elsewhere' },
    {
      why: 'the process of its number began long after it',
      run: aRun({ pid: process.ppid, lastStartedAt: '2020-01-01T00:00:00Z' }),
      fate: 'died',
    },
  ])('is $fate when $why', ({ run, fate }) => {
    expect(fateOf(run)).toBe(fate);
  });
});
