import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf, type BatchSize, type Serial } from '../../src/rollout/serial.ts';

const hosts = (number: number): BatchSize => ({ hosts: number });
const percent = (number: number): BatchSize => ({ percent: number });
const fleetOf = (size: number): string[] => Array.from({ length: size }, (_, index) => `fe${index + 1}`);

describe('batchesOf()', () => {
  // prettier-ignore
  it.each<{ why: string; of: number; serial: Serial; sizes: number[] }>([
    { why: 'the last batch takes what is left',      of: 5,   serial: [hosts(2)],                             sizes: [2, 2, 1] },
    { why: 'three of ten',                           of: 10,  serial: [hosts(3)],                             sizes: [3, 3, 3, 1] },
    { why: 'a percentage rounds down',               of: 10,  serial: [percent(35)],                          sizes: [3, 3, 3, 1] },
    { why: 'a third of ten',                         of: 10,  serial: [percent(33)],                          sizes: [3, 3, 3, 1] },
    { why: 'a percentage is of all, not of the rest', of: 20, serial: [percent(30)],                          sizes: [6, 6, 6, 2] },
    { why: 'a percentage is at least one host',      of: 3,   serial: [percent(10)],                          sizes: [1, 1, 1] },
    { why: 'a third of three hosts is one',          of: 3,   serial: [percent(35)],                          sizes: [1, 1, 1] },
    { why: 'a percentage is exact (Ansible: 28)',    of: 100, serial: [percent(29)],                          sizes: [29, 29, 29, 13] },
    { why: 'and so is 57 % (Ansible: 56)',           of: 100, serial: [percent(57)],                          sizes: [57, 43] },
    { why: 'and 58 % of 50 (Ansible: 28)',           of: 50,  serial: [percent(58)],                          sizes: [29, 21] },
    { why: 'all at once',                            of: 4,   serial: [percent(100)],                         sizes: [4] },
    { why: 'more than there are',                    of: 4,   serial: [hosts(9)],                             sizes: [4] },
    { why: 'the last size repeats',                  of: 10,  serial: [hosts(1), percent(40)],                sizes: [1, 4, 4, 1] },
    { why: 'a ramp of percentages',                  of: 10,  serial: [percent(10), percent(20), percent(100)], sizes: [1, 2, 7] },
    { why: 'a ramp of both',                         of: 20,  serial: [hosts(1), hosts(5), percent(20)],      sizes: [1, 5, 4, 4, 4, 2] },
    { why: 'no hosts, no batches',                   of: 0,   serial: [hosts(1)],                             sizes: [] },
  ])('$why: $of hosts make $sizes', ({ of, serial, sizes }) => {
    const fleet = fleetOf(of);

    const batches = batchesOf(fleet, serial);

    expect(batches.map((batch) => batch.length)).toEqual(sizes);
    expect(batches.flat()).toEqual(fleet);
  });

  it('puts every host into exactly one batch, in order, whatever the sizes', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 40 }).map(hosts), fc.integer({ min: 1, max: 100 }).map(percent));
    fc.assert(
      fc.property(fc.nat(200), fc.array(size, { minLength: 1, maxLength: 5 }), (count, sizes) => {
        const [first, ...rest] = sizes;
        if (!first) return;
        const batches = batchesOf(fleetOf(count), [first, ...rest]);
        expect(batches.flat()).toEqual(fleetOf(count));
        expect(batches.every((batch) => batch.length > 0)).toBe(true);
      }),
    );
  });
});
