import { expect, it } from 'vitest';
import { brokenBy } from './broken-by.ts';
import { brisk, hasty, leisurely } from './pace.ts';
import { blueGreenOf, furtherBlueGreenOf } from './slots.ts';
import { scenarioOf } from './stories.ts';

/** Found among the first 20,000 as they are drawn. */
it.each([
  [4614, 'a second monitor of a set fails while the set is being taken back: it is not taken back twice'],
  [15807, 'one of a set was never updated: it is not counted as taken back with the others'],
  [19811, 'one of a set is left in work, and another is taken back: what is recorded of the first stays whole'],
  [15342, 'the answer to the stop of a container in a maintenance is lost, and the stop comes later'],
  [3798, 'a company that is gone on with, of which one is over already: it is taken back with the others'],
  [
    414,
    'the server of a new one is gone from the configuration: what is kept stays, as all that may serve: of the judge',
  ],
  [19895, 'a recover, and a slot that a new configuration has not: an old worker has a request for what is in it'],
  [5640, 'a run is taken back that had gone without an HAProxy, which answers by then: it is drained there, too'],
  [7212, 'a server that another configuration calls otherwise, found by its address when the run is gone on with'],
  [23703, 'what is kept could not be noted at an HAProxy that answers again: it is not taken out there, as if it were'],
  [13438, 'a run is gone on with that has taken in an HAProxy between two slots: of the judge'],
  [7106, 'an old one of a set cannot serve again, and its new one stays: that the host has two versions is told'],
  [21855, 'a run is gone on with after the soak, and watches what it has updated from then on'],
  [23840, 'an HAProxy is reloaded while a server is waited for, and takes it for UP before it has checked it'],
  [25439, 'what is kept ends at the second attempt, in a run that leaves the instance alone: it is told of as left'],
  [21946, "a run that dies while it ends what another keeps, which is that one's to tell of: of the judge"],
  [28827, 'a run that dies when it has recorded that it takes back what it has updated: of the judge'],
  [26617, 'an old worker has a request for a server by another name: of the simulated world'],
  [15109, 'a central HAProxy with a static algorithm is reconfigured while a server is recorded: of the judge'],
  [5920, 'an HAProxy answers again in the soak of a new container: it is recorded at once, for the run may die'],
  [476, 'what a run had updated when it died stays updated, though it fails when the run is gone on with'],
  [27441, 'a run dies on its way home, and what is to serve again breaks before recover comes: of the judge'],
])('seed %i: %s', async (seed) => {
  expect(await brokenBy(scenarioOf(seed))).toEqual([]);
});

it.each([
  [
    2172,
    'a kept set that has ended, of which the answer was lost, is not taken for kept by the rollback that comes next',
  ],
  [1048, 'a create that lands late, and finds the name taken: of the judge'],
])('blue-green, hastily told, of seed %i: %s', async (seed) => {
  expect(await brokenBy(furtherBlueGreenOf(seed, hasty))).toEqual([]);
});

it.each([leisurely, brisk, hasty])(
  'blue-green, of seed 10683: a kept set that cannot be ended stays whole, of which one is named: of the judge',
  async (pace) => {
    expect(await brokenBy(blueGreenOf(10683, pace))).toEqual([]);
  },
);
