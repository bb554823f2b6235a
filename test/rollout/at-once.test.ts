import { describe, expect, it } from 'vitest';
import { mostAway, oneByOne, roundsOf } from '../../src/rollout/at-once.ts';
import { groupedBatchesOf } from '../../src/rollout/serial.ts';
import { exceededLimit, lastOf, type HostEnd } from '../../src/rollout/verdict.ts';

describe('mostAway()', () => {
  const six = [1, 1, 1, 1, 1, 1];
  // prettier-ignore
  it.each([
    { hosts: [six, six], over: {},                                    most: 2, says: 'one of each host' },
    { hosts: [six, six], over: { perHost: 2 },                        most: 4, says: 'two of each host' },
    { hosts: [[1], six], over: { perHost: 2 },                        most: 3, says: 'no more than a host has' },
    { hosts: [[2, 1, 3]], over: { perHost: 2 },                       most: 5, says: 'the largest of a host' },
    { hosts: [[0, 0, 0]], over: { perHost: 2 },                       most: 0, says: 'nothing of what takes nothing' },
    { hosts: [six, six], over: { perHost: 2, inAll: 3 },              most: 3, says: 'no more than all may have' },
    { hosts: [six, six], over: { perHost: 2, inAll: 9 },              most: 4, says: 'no more than hosts have' },
    { hosts: [[1], [2], [1], [2], [1]], over: { window: 2 },          most: 4, says: 'the largest hosts of a window, whichever they are' },
    { hosts: [six, six, six], over: { window: 2, perHost: 3 },        most: 6, says: 'all that hosts of a window have' },
    { hosts: [six, six, six], over: { window: 2, perHost: 3, inAll: 4 }, most: 4, says: 'and no more than all may have' },
    { hosts: [six], over: { window: 5 },                              most: 1, says: 'what there is of a window' },
    { hosts: [], over: { perHost: 2 },                                most: 0, says: 'nothing without hosts' },
  ])('counts $says', ({ hosts, over, most }) => {
    expect(mostAway(hosts, { ...oneByOne, ...over })).toBe(most);
  });
});

describe('roundsOf()', () => {
  // prettier-ignore
  it.each([
    { says: 'one for each name',                  hosts: [['a', 'b'], ['a', 'b']],           rounds: [[0, 1], [0, 1]] },
    { says: 'none for what a host does not have', hosts: [['a', 'b', 'c'], ['c']],           rounds: [[0, 1, 2], [2]] },
    { says: 'later ones for what comes later',    hosts: [['b'], ['a', 'b']],                rounds: [[0], [1, 1]] },
    { says: 'none that fall along a host',        hosts: [['a', 'b'], ['b', 'a']],           rounds: [[0, 1], [1, 1]] },
    { says: 'none at all without instances',      hosts: [[], ['a']],                        rounds: [[], [0]] },
  ])('has $says', ({ hosts, rounds }) => {
    expect(roundsOf(hosts)).toEqual(rounds);
  });
});

describe('groupedBatchesOf()', () => {
  const hosts = ['a1', 'b1', 'a2', 'b2', 'a3'].map((host) => ({ host, group: `zone ${host[0] ?? ''}` }));
  // prettier-ignore
  it.each([
    { says: 'whole groups',                       serial: [{ percent: 100 }] as const,             batches: ['a1 a2 a3', 'b1 b2'] },
    { says: 'parts of groups, never of two',      serial: [{ hosts: 2 }] as const,                 batches: ['a1 a2', 'a3', 'b1 b2'] },
    { says: 'a list that begins anew in each',    serial: [{ hosts: 1 }, { percent: 100 }] as const, batches: ['a1', 'a2 a3', 'b1', 'b2'] },
    { says: 'a percentage of the hosts of each',  serial: [{ percent: 50 }] as const,              batches: ['a1', 'a2', 'a3', 'b1', 'b2'] },
  ])('makes $says', ({ serial, batches }) => {
    const made = groupedBatchesOf(hosts, serial);

    expect(made.map((batch) => batch.hosts.map(({ host }) => host).join(' '))).toEqual(batches);
    expect(made.every(({ group, hosts: its }) => its.every((one) => one.group === group))).toBe(true);
  });

  it('is batchesOf() where hosts have no group', () => {
    const made = groupedBatchesOf<{ host: number; group?: string }>(
      [{ host: 1 }, { host: 2 }, { host: 3 }],
      [{ hosts: 2 }],
    );
    expect(made.map((batch) => batch.hosts.map(({ host }) => host))).toEqual([[1, 2], [3]]);
  });
});

describe('lastOf()', () => {
  const limits = (maxFailPercentage: number) => ({ maxFailPercentage, maxFailures: undefined });
  const ends = (text: string): HostEnd[] => text.split('').map((one) => (one === 'x' ? 'failed' : 'updated'));
  // prettier-ignore
  it.each([
    { ended: 'x',        percent: 0,   stops: true,  says: 'any failure at 0' },
    { ended: 'x',        percent: 30,  stops: false, says: 'one of five at 30' },
    { ended: 'x.x',      percent: 30,  stops: true,  says: 'two of five at 30' },
    { ended: 'x....x',   percent: 30,  stops: false, says: 'one that has left the window' },
    { ended: '...xx',    percent: 40,  stops: false, says: 'as many as it allows' },
    { ended: '.xxxxx',   percent: 100, stops: true,  says: 'a window that has failed as a whole' },
  ])('judges a window of 5 by $says', ({ ended, percent, stops }) => {
    const exceeded = exceededLimit(lastOf(ends(ended), 5), { failed: 0, hosts: 20 }, limits(percent));
    expect(exceeded).toBe(stops ? 'max_fail_percentage' : undefined);
  });
});
