import { expect, it } from 'vitest';
import { brokenBy } from './broken-by.ts';
import { operationsOf } from './operations.ts';
import { hasty } from './pace.ts';
import { pushedOf } from './pushed.ts';
import { backedUp, fixed } from './set-ups.ts';

// A new configuration gives it another weight than it was found with, and its algorithm takes none but that.
it.each([448, 548, 1010, 1108, 1262, 1288, 1381])(
  'pushed, with a static algorithm, of seed %i: what was drained before serves again at the new weight',
  async (seed) => {
    expect(await brokenBy(fixed(pushedOf(seed, hasty)))).toEqual([]);
  },
);

it('operations, with backup servers, of seed 868: what a monitor has had taken back is counted once', async () => {
  expect(await brokenBy(backedUp(operationsOf(868, hasty)))).toEqual([]);
});

it('pushed, of seed 718: a server that was DOWN, taken for UP after a reload, is put back without waiting for it', async () => {
  expect(await brokenBy(backedUp(pushedOf(718, hasty)))).toEqual([]);
});

it('pushed, of seed 249: what is put back on the way home stands as before: of the judge', async () => {
  expect(await brokenBy(pushedOf(249, hasty))).toEqual([]);
});
