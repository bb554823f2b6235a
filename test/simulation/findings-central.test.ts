import { describe, expect, it } from 'vitest';
import { brokenBy } from './broken-by.ts';
import { centralOf } from './central.ts';
import { holdsOf } from './holds.ts';
import { maintainedOf } from './maintained.ts';
import { brisk, hasty } from './pace.ts';

describe('what the simulation has found with central HAProxys, and when hosts are drained or maintained', () => {
  it.each([
    [12, hasty, 'a serving container, and an HAProxy that is out of reach and may send it requests: also on recover'],
    [770, hasty, 'an instance that was left in work at an HAProxy which the run is gone on with without'],
    [3526, brisk, 'an HAProxy that recover is told to forget, and that serves still: of the simulated world alone'],
    [1324, brisk, 'one of two servers of one name in two HAProxys that cannot be put back'],
  ])('central HAProxys, of seed %i, told %o: %s', async (seed, pace) => {
    expect(await brokenBy(centralOf(seed, pace))).toEqual([]);
  });

  it.each([
    [142, 'a record whose answer was not understood'],
    [4, 'a record that lands late'],
    [163, 'a host that a run has put right for another, and dies as it begins its own: of the simulated world alone'],
    [519, 'a journal that cannot be written when a host is left out of service: of the simulated world alone'],
  ])('maintenance, hastily told, of seed %i: %s', async (seed) => {
    expect(await brokenBy(maintainedOf(seed, hasty))).toEqual([]);
  });

  it('maintenance, briskly told, of seed 2229: a container that crashed just before: of the simulated world alone', async () => {
    expect(await brokenBy(maintainedOf(2229, brisk))).toEqual([]);
  });

  it.each([179, 295])('a drain for a time, hastily told, of seed %i: a record whose answer was lost', async (seed) => {
    expect(await brokenBy(holdsOf(seed, hasty))).toEqual([]);
  });
});
