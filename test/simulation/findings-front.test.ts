import { describe, expect, it } from 'vitest';
import { brokenBy } from './broken-by.ts';
import { frontOf } from './front.ts';
import { brisk, hasty, leisurely } from './pace.ts';

describe('what the simulation has found with a tier in front of the hosts', () => {
  it.each([
    [
      281,
      hasty,
      'a host that is taken out anew after the connection was lost: what is put back stays what was found first',
    ],
    [569, hasty, 'the same at both of them, of which the second had not been told yet'],
    [4648, hasty, 'a host that could not be put back in front, and is taken back by its own run'],
    [1535, hasty, 'an HAProxy that answers late while the host itself does not: it is recorded before it is taken'],
    [549, brisk, 'the same, briskly told'],
    [2087, hasty, 'a host that was never taken, and one of them has begun anew meanwhile: it keeps what that brought'],
    [3076, hasty, 'the same, where the server of the host is gone from the other one'],
    [5507, hasty, 'an HAProxy that answers late and cannot spare the host, which serves all that comes'],
    [
      20170,
      leisurely,
      'a host that is taken back as it is being put back in front: it is out again before that begins',
    ],
    [754, hasty, 'a retry that began before the first look of the drain: of the simulated world alone'],
    [2754, hasty, 'a recover that dies between two servers of one record: of the judge'],
  ])('of seed %i, told %o: %s', async (seed, pace) => {
    expect(await brokenBy(frontOf(seed, pace))).toEqual([]);
  });
});
