import { describe, expect, it } from 'vitest';
import { brokenBy } from './broken-by.ts';
import { hasty } from './pace.ts';
import { pushedOf } from './pushed.ts';

describe('what the simulation has found where configurations are pushed', () => {
  it.each([
    [13, 'a file that is put late, after the connection was lost: its push has ended, and it is not put any more'],
    [25, 'a record whose drop was not answered: what is in effect stays so'],
    [44, 'a push over a maintenance that had died, each of which was in the way of the other once the push died, too'],
    [1114, 'agent-checks that answer while the new configuration is waited for: what they said is not taken back'],
    [1227, 'a maintenance that dies on another host: that one is recovered first, then the push is ended'],
    [1343, 'a server in maintenance, which is reweighted: of the judge'],
    [2298, 'a file that somebody replaces in the middle of a push: of the simulated world alone'],
    [2754, 'a maintenance that has stopped what it had put back before: of the judge'],
  ])('of seed %i: %s', async (seed) => {
    expect(await brokenBy(pushedOf(seed, hasty))).toEqual([]);
  });
});
