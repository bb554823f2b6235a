import { describe, expect, it } from 'vitest';
import { mayGoOn, runEndOf, type HostEnd, type RunEnd } from '../../src/rollout/verdict.ts';

const u: HostEnd = 'updated';
const f: HostEnd = 'failed';

describe('mayGoOn()', () => {
  // prettier-ignore
  it.each<{ why: string; batch: HostEnd[]; percentage: number; goesOn: boolean }>([
    { why: 'nothing failed',                                   batch: [u, u],                percentage: 0,   goesOn: true },
    { why: 'one failure is more than 0 %',                     batch: [f, u],                percentage: 0,   goesOn: false },
    { why: '2 of 4 is not more than 50 %',                     batch: [f, f, u, u],          percentage: 50,  goesOn: true },
    { why: '2 of 4 is more than 49 %',                         batch: [f, f, u, u],          percentage: 49,  goesOn: false },
    { why: 'a batch that failed as a whole stops at any rate', batch: [f],                   percentage: 100, goesOn: false },
    { why: '1 of 3 is more than 33 %',                         batch: [f, u, u],             percentage: 33,  goesOn: false },
    { why: '1 of 3 is not more than 34 %',                     batch: [f, u, u],             percentage: 34,  goesOn: true },
    { why: 'a server out of service stops at any rate',        batch: ['outOfService', u, u], percentage: 100, goesOn: false },
    { why: 'nothing to do is no failure',                      batch: ['nothingToDo'],       percentage: 0,   goesOn: true },
  ])('$why', ({ batch, percentage, goesOn }) => {
    expect(mayGoOn(batch, percentage)).toBe(goesOn);
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
