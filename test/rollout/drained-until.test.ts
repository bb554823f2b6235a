import { describe, expect, it } from 'vitest';
import { drainedText, isOver, momentText } from '../../src/rollout/drained-until.ts';

const NOON = new Date(2026, 10, 21, 12, 0, 0);

function after(ms: number): string {
  return new Date(NOON.getTime() + ms).toISOString();
}

describe('isOver()', () => {
  // prettier-ignore
  it.each([
    { until: after(1),   is: false },
    { until: after(0),   is: true },
    { until: after(-1),  is: true },
    { until: undefined,  is: false },
  ])('is $is of a drain until $until', ({ until, is }) => {
    expect(isOver({ until }, NOON)).toBe(is);
  });
});

describe('drainedText()', () => {
  // prettier-ignore
  it.each([
    { ms: 12 * 60_000,       note: 'disk swap', says: 'drained until 12:12 by ann@ci: "disk swap" (in 12 min)' },
    { ms: 40_000,            note: '',          says: 'drained until 12:00 by ann@ci (in 40 s)' },
    { ms: 2.1 * 3_600_000,   note: '',          says: 'drained until 14:06 by ann@ci (in 2 h 06 min)' },
    { ms: -3 * 60_000,       note: '',          says: 'drained until 11:57 by ann@ci (over for 3 min)' },
    { ms: 24 * 3_600_000,    note: '',          says: 'drained until Sun 2026-11-22 12:00 by ann@ci (in 24 h 00 min)' },
  ])('says "$says"', ({ ms, note, says }) => {
    expect(drainedText({ by: 'ann@ci', note, until: after(ms) }, NOON)).toBe(says);
  });
});

describe('momentText()', () => {
  it('has the day where it is another one', () => {
    expect(momentText(after(13 * 3_600_000), NOON)).toBe('Sun 2026-11-22 01:00');
    expect(momentText(after(3_600_000), NOON)).toBe('13:00');
  });
});
