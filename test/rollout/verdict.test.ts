import { describe, expect, it } from 'vitest';
import { afterBatch, runEndOf, type AfterBatch, type HostEnd, type RunEnd } from '../../src/rollout/verdict.ts';

const u: HostEnd = 'updated';
const f: HostEnd = 'failed';

describe('afterBatch()', () => {
  // prettier-ignore
  it.each<{ why: string; batch: HostEnd[]; percentage: number; then: AfterBatch }>([
    { why: 'nothing failed',                                   batch: [u, u],                percentage: 0,   then: 'goOn' },
    { why: 'one failure is more than 0 %',                     batch: [f, u],                percentage: 0,   then: 'stop' },
    { why: '2 of 4 is not more than 50 %',                     batch: [f, f, u, u],          percentage: 50,  then: 'goOn' },
    { why: '2 of 4 is more than 49 %',                         batch: [f, f, u, u],          percentage: 49,  then: 'stop' },
    { why: 'a batch that failed as a whole stops at any rate', batch: [f],                   percentage: 100, then: 'stop' },
    { why: '1 of 3 is more than 33 %',                         batch: [f, u, u],             percentage: 33,  then: 'stop' },
    { why: '1 of 3 is not more than 34 %',                     batch: [f, u, u],             percentage: 34,  then: 'goOn' },
    { why: 'a server out of service stops at any rate',        batch: ['outOfService', u, u], percentage: 100, then: 'outOfService' },
    { why: 'nothing to do is no failure',                      batch: ['nothingToDo'],       percentage: 0,   then: 'goOn' },
  ])('$why', ({ batch, percentage, then }) => {
    expect(afterBatch(batch, percentage)).toBe(then);
  });
});

describe('runEndOf()', () => {
  it.each<{ hosts: HostEnd[]; end: RunEnd }>([
    { hosts: [u, u], end: 'done' },
    { hosts: ['nothingToDo'], end: 'done' },
    { hosts: [], end: 'done' },
    { hosts: [u, f], end: 'someFailed' },
    { hosts: [f, 'notReached'], end: 'stopped' },
    { hosts: [u, 'notReached'], end: 'interrupted' },
    { hosts: ['interrupted', 'notReached'], end: 'interrupted' },
    { hosts: ['interrupted', f, 'notReached'], end: 'interrupted' },
    { hosts: [f, 'outOfService', 'interrupted'], end: 'outOfService' },
  ])('$hosts is $end', ({ hosts, end }) => {
    expect(runEndOf(hosts)).toBe(end);
  });
});
