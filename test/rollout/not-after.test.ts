import { describe, expect, it } from 'vitest';
import { notAfterText, readNotAfter } from '../../src/rollout/not-after.ts';
import { wallText } from '../../src/rollout/wall-clock.ts';

const wall = (text: string): number => Date.parse(`${text.replace(' ', 'T')}:00Z`);

describe('readNotAfter()', () => {
  // prettier-ignore
  it.each<{ now: string; written: string; is: string }>([
    { now: '2026-11-20 09:00', written: '16:00',            is: 'Fri 2026-11-20 16:00' },
    { now: '2026-11-20 09:00', written: '9:01',             is: 'Fri 2026-11-20 09:01' },
    { now: '2026-11-20 22:00', written: '06:00',            is: 'Sat 2026-11-21 06:00' },
    { now: '2026-12-31 22:00', written: '00:30',            is: 'Fri 2027-01-01 00:30' },
    { now: '2026-11-20 16:05', written: '16:00',            is: 'over' },
    { now: '2026-11-20 16:00', written: '16:00',            is: 'over' },
    { now: '2026-11-20 03:00', written: '16:00',            is: 'Fri 2026-11-20 16:00' },
    { now: '2026-11-20 16:05', written: '04:05',            is: 'Sat 2026-11-21 04:05' },
    { now: '2026-11-20 16:05', written: '04:06',            is: 'over' },
    { now: '2026-11-20 16:05', written: '2026-11-21 16:00', is: 'Sat 2026-11-21 16:00' },
    { now: '2026-11-20 16:05', written: '2026-11-21T06:00', is: 'Sat 2026-11-21 06:00' },
    { now: '2026-11-20 16:05', written: '2026-11-20 16:00', is: 'over' },
    { now: '2026-11-20 09:00', written: '16',               is: 'no time' },
    { now: '2026-11-20 09:00', written: '16:60',            is: 'no time' },
    { now: '2026-11-20 09:00', written: '4pm',              is: 'no time' },
    { now: '2026-11-20 09:00', written: '2026-02-30 16:00', is: 'no time' },
    { now: '2026-11-20 09:00', written: '2026-11-20',       is: 'no time' },
    { now: '2026-11-20 09:00', written: '16:00 17:00 18:00', is: 'no time' },
  ])('at $now takes $written for $is', ({ now, written, is }) => {
    const read = readNotAfter(written, wall(now));

    expect(read === undefined ? 'no time' : read === 'over' ? read : wallText(read.wall)).toBe(is);
  });
});

it('notAfterText() names the moment and the option', () => {
  expect(notAfterText({ wall: wall('2026-11-20 16:00'), written: '16:00' })).toBe(
    'it is past Fri 2026-11-20 16:00 (--not-after)',
  );
});
