import { describe, expect, it } from 'vitest';
import type { OnFailure, Share } from '../../src/rollout/policy.ts';
import {
  afterBatch,
  exceededLimit,
  isMoreThan,
  runEndOf,
  type HostEnd,
  type Limit,
  type RunEnd,
} from '../../src/rollout/verdict.ts';

const u: HostEnd = 'updated';
const f: HostEnd = 'failed';
const run = { failed: 0, hosts: 10 };

describe('exceededLimit()', () => {
  // prettier-ignore
  it.each<{ why: string; batch: HostEnd[]; percentage: number | undefined; limit: Limit | undefined }>([
    { why: 'nothing failed',                                     batch: [u, u],         percentage: 0,         limit: undefined },
    { why: 'one failure is more than 0 %',                       batch: [f, u],         percentage: 0,         limit: 'max_fail_percentage' },
    { why: '2 of 4 is not more than 50 %',                       batch: [f, f, u, u],   percentage: 50,        limit: undefined },
    { why: '2 of 4 is more than 49 %',                           batch: [f, f, u, u],   percentage: 49,        limit: 'max_fail_percentage' },
    { why: 'a batch that failed as a whole exceeds any',         batch: [f],            percentage: 100,       limit: 'max_fail_percentage' },
    { why: '1 of 3 is more than 33 %',                           batch: [f, u, u],      percentage: 33,        limit: 'max_fail_percentage' },
    { why: '1 of 3 is not more than 34 %',                       batch: [f, u, u],      percentage: 34,        limit: undefined },
    { why: 'nothing to do is no failure',                        batch: ['nothingToDo'], percentage: 0,        limit: undefined },
    { why: 'a host that was skipped is no failure of its batch', batch: ['unreachable'], percentage: 0,        limit: undefined },
    { why: 'without a limit of its own a batch may fail',        batch: [f],            percentage: undefined, limit: undefined },
  ])('of a batch: $why', ({ batch, percentage, limit }) => {
    expect(exceededLimit(batch, run, { maxFailPercentage: percentage, maxFailures: undefined })).toBe(limit);
  });

  it('of the run comes before that of the batch', () => {
    const limits = { maxFailPercentage: 0, maxFailures: { hosts: 0 } };
    expect(exceededLimit([f], { failed: 1, hosts: 10 }, limits)).toBe('max_failures');
  });

  it('of the run counts what failed in batches before', () => {
    const limits = { maxFailPercentage: undefined, maxFailures: { hosts: 1 } };
    expect(exceededLimit([u], { failed: 2, hosts: 10 }, limits)).toBe('max_failures');
  });
});

describe('isMoreThan()', () => {
  // prettier-ignore
  it.each<{ failed: number; hosts: number; share: Share | undefined; is: boolean }>([
    { failed: 9,  hosts: 10,  share: undefined,       is: false },
    { failed: 0,  hosts: 10,  share: { hosts: 0 },    is: false },
    { failed: 1,  hosts: 10,  share: { hosts: 0 },    is: true },
    { failed: 2,  hosts: 10,  share: { hosts: 2 },    is: false },
    { failed: 3,  hosts: 10,  share: { hosts: 2 },    is: true },
    { failed: 29, hosts: 100, share: { percent: 29 }, is: false },
    { failed: 57, hosts: 100, share: { percent: 57 }, is: false },
    { failed: 58, hosts: 100, share: { percent: 57 }, is: true },
    { failed: 1,  hosts: 3,   share: { percent: 33 }, is: true },
    { failed: 1,  hosts: 3,   share: { percent: 34 }, is: false },
    { failed: 0,  hosts: 0,   share: { percent: 0 },  is: false },
  ])('$failed of $hosts against $share: $is', ({ failed, hosts, share, is }) => {
    expect(isMoreThan(share, { failed, hosts })).toBe(is);
  });
});

describe('afterBatch()', () => {
  // prettier-ignore
  it.each<{ onFailure: OnFailure; none: string; batch: string; run: string; out: string }>([
    { onFailure: 'pause',    none: 'goOn', batch: 'stop',     run: 'stop',     out: 'outOfService' },
    { onFailure: 'rollback', none: 'goOn', batch: 'rollBack', run: 'rollBack', out: 'outOfService' },
    { onFailure: 'continue', none: 'goOn', batch: 'goOn',     run: 'stop',     out: 'outOfService' },
    { onFailure: 'ask',      none: 'goOn', batch: 'ask',      run: 'ask',      out: 'outOfService' },
  ])('with on_failure: $onFailure', ({ onFailure, ...then }) => {
    expect({
      none: afterBatch([u], undefined, onFailure).then,
      batch: afterBatch([f], 'max_fail_percentage', onFailure).then,
      run: afterBatch([f], 'max_failures', onFailure).then,
      out: afterBatch(['outOfService', u], 'max_failures', onFailure).then,
    }).toEqual(then);
  });
});

describe('runEndOf()', () => {
  // prettier-ignore
  it.each<{ hosts: HostEnd[]; end: RunEnd; halted?: RunEnd }>([
    { hosts: [u, u],                              end: 'done' },
    { hosts: ['nothingToDo'],                     end: 'done' },
    { hosts: [],                                  end: 'done' },
    { hosts: [u, f],                              end: 'someFailed' },
    { hosts: [u, 'unreachable'],                  end: 'unreachable' },
    { hosts: [f, 'unreachable'],                  end: 'someFailed' },
    { hosts: [f, 'notReached'],                   end: 'stopped' },
    { hosts: ['unreachable', 'notReached'],       end: 'interrupted', halted: 'stopped' },
    { hosts: [u, 'notReached'],                   end: 'interrupted', halted: 'stopped' },
    { hosts: ['interrupted', 'notReached'],       end: 'interrupted', halted: 'stopped' },
    { hosts: ['interrupted', f, 'notReached'],    end: 'interrupted', halted: 'stopped' },
    { hosts: ['rolledBack', f],                   end: 'stopped' },
    { hosts: [f, 'outOfService', 'interrupted'],  end: 'outOfService' },
    { hosts: ['rolledBack', 'outOfService'],      end: 'outOfService' },
  ])('$hosts is $end', ({ hosts, end, halted = end }) => {
    expect(runEndOf(hosts)).toBe(end);
    expect(runEndOf(hosts, { isHalted: true })).toBe(halted);
  });
});
