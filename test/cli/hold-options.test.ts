import { describe, expect, it } from 'vitest';
import { holdIn } from '../../src/cli/hold-options.ts';

const TEN_TO_FOUR = new Date(2026, 10, 21, 15, 50, 0);

const after = (ms: number): Date => new Date(TEN_TO_FOUR.getTime() + ms);

function read(args: Partial<Parameters<typeof holdIn>[0]>): ReturnType<typeof holdIn> {
  return holdIn({ for: undefined, until: undefined, detach: false, ...args }, TEN_TO_FOUR);
}

describe('holdIn()', () => {
  it('is none unless something is said', () => {
    expect(read({})).toBeUndefined();
  });

  // prettier-ignore
  it.each([
    { args: { for: '30m' },                    gives: { written: '30m', forMs: 1_800_000, isDetached: false } },
    { args: { for: '90s', detach: true },      gives: { written: '90s', forMs: 90_000, isDetached: true } },
    { args: { until: '16:00' },                gives: { written: '16:00', forMs: 600_000, endsAt: after(600_000), isDetached: false } },
    { args: { until: '02:50' },                gives: { written: '02:50', forMs: 11 * 3_600_000, endsAt: after(11 * 3_600_000), isDetached: false } },
    { args: { until: '2026-11-22 15:50' },     gives: { written: '2026-11-22 15:50', forMs: 24 * 3_600_000, endsAt: after(24 * 3_600_000), isDetached: false } },
  ])('reads $args', ({ args, gives }) => {
    expect(read(args)).toEqual(gives);
  });

  // prettier-ignore
  it.each([
    { args: { for: '30' },                     says: 'Cannot use --for "30": it must be a duration such as 30s or 1m30s' },
    { args: { for: '0s' },                     says: 'Cannot use --for 0s: it must be longer than that' },
    { args: { until: '15:40' },                says: 'Cannot use --until "15:40": it has passed (a time without a day is today, or tomorrow within the next twelve hours)' },
    { args: { until: 'soon' },                 says: 'Cannot use --until "soon": it must be a time such as 16:00 or "2026-11-22 06:00"' },
    { args: { for: '5m', until: '16:00' },     says: 'Cannot use --for and --until together: say one of them' },
    { args: { detach: true },                  says: 'Cannot use --detach: it goes with --for or --until only' },
  ])('refuses $args', ({ args, says }) => {
    expect(() => read(args)).toThrow(says);
  });
});
