import { describe, expect, it } from 'vitest';
import { frozenAt, frozenText, readWindow, type Freeze } from '../../src/rollout/freeze.ts';

function freeze(timezone: string | undefined, ...windows: readonly string[]): Freeze {
  return { timezone, windows: windows.flatMap((text) => readWindow(text) ?? []) };
}

/** What a rollout would be told at this moment, or undefined when it may begin. */
function toldAt(instant: string, zone: string, ...windows: readonly string[]): string | undefined {
  const all = freeze(zone, ...windows);
  expect(all.windows).toHaveLength(windows.length);
  const frozen = frozenAt(all, new Date(instant));
  return frozen && frozenText(frozen, all);
}

describe('readWindow() refuses', () => {
  it.each([
    'Fri',
    'Fri 16:00',
    'Fri 16:00-Mon 08:00',
    'Fry 16:00 - Mon 08:00',
    'Fri 16 - Mon 08:00',
    'Fri 24:00 - Mon 08:00',
    'Fri 16:60 - Mon 08:00',
    'Fri 16:00 - Mon 24:01',
    'Fri 16:00 - 2026-12-20',
    'Fri 16:00 - Mon 08:00 CET',
    '16:00 - 18:00',
    '2026-12-20',
    '2026-02-30 - 2026-03-02',
    '2026-13-01 - 2027-01-01',
    '26-12-20 - 27-01-02',
    '2027-01-02 - 2026-12-20',
    '2026-12-20 18:00 - 2026-12-20 18:00',
    '2026-12-20 18:00 - 2026-12-20 08:00',
  ])('"%s"', (text) => {
    expect(readWindow(text)).toBeUndefined();
  });
});

describe('frozenAt()', () => {
  // prettier-ignore
  it.each<{ why: string; at: string; window: string; until: string | undefined }>([
    { why: 'before it begins',                   at: '2026-11-20T15:59:59Z', window: 'Fri 16:00 - Mon 08:00',  until: undefined },
    { why: 'as it begins',                       at: '2026-11-20T16:00:00Z', window: 'Fri 16:00 - Mon 08:00',  until: 'Mon 2026-11-23 08:00' },
    { why: 'over the end of the week',           at: '2026-11-22T23:59:59Z', window: 'Fri 16:00 - Mon 08:00',  until: 'Mon 2026-11-23 08:00' },
    { why: 'after the end of the week',          at: '2026-11-23T07:59:59Z', window: 'Fri 16:00 - Mon 08:00',  until: 'Mon 2026-11-23 08:00' },
    { why: 'as it ends',                         at: '2026-11-23T08:00:00Z', window: 'Fri 16:00 - Mon 08:00',  until: undefined },
    { why: 'within a week',                      at: '2026-11-18T10:00:00Z', window: 'Tue 09:00 - Thu 09:00',  until: 'Thu 2026-11-19 09:00' },
    { why: 'a day to its end',                   at: '2026-11-22T23:59:00Z', window: 'Sat - Sun',              until: 'Mon 2026-11-23 00:00' },
    { why: 'a day from its beginning',           at: '2026-11-21T00:00:00Z', window: 'Saturday - sunday',      until: 'Mon 2026-11-23 00:00' },
    { why: 'all of the week',                    at: '2026-11-18T10:00:00Z', window: 'Mon 00:00 - Mon 00:00',  until: 'for good' },
    { why: 'over the end of the year, weekly',   at: '2026-12-31T23:00:00Z', window: 'Thu 22:00 - Fri 06:00',  until: 'Fri 2027-01-01 06:00' },
    { why: 'over the end of the year, by date',  at: '2026-12-31T23:59:59Z', window: '2026-12-20 - 2027-01-02', until: 'Sun 2027-01-03 00:00' },
    { why: 'on the last day, by date',           at: '2027-01-02T23:59:59Z', window: '2026-12-20 - 2027-01-02', until: 'Sun 2027-01-03 00:00' },
    { why: 'after the last day, by date',        at: '2027-01-03T00:00:00Z', window: '2026-12-20 - 2027-01-02', until: undefined },
    { why: 'the day before, by date',            at: '2026-12-19T23:59:59Z', window: '2026-12-20 - 2027-01-02', until: undefined },
    { why: 'by date and time',                   at: '2027-01-02T07:59:59Z', window: '2026-12-20 18:00 - 2027-01-02 08:00', until: 'Sat 2027-01-02 08:00' },
    { why: 'before its time, by date',           at: '2026-12-20T17:59:59Z', window: '2026-12-20 18:00 - 2027-01-02', until: undefined },
    { why: 'a leap day',                         at: '2028-02-29T12:00:00Z', window: '2028-02-29 - 2028-02-29', until: 'Wed 2028-03-01 00:00' },
  ])('$why: $window at $at', ({ at, window, until }) => {
    const end = until === 'for good' ? until : `until ${until ?? ''}`;
    expect(toldAt(at, 'UTC', window)).toBe(until && `the freeze "${window}" holds ${end} (UTC)`);
  });

  // Berlin: summer time begins 2027-03-28 (02:00 → 03:00) and ends 2026-10-25 (03:00 → 02:00).
  // prettier-ignore
  it.each<{ why: string; at: string; zone: string; window: string; is: boolean }>([
    { why: 'the clock of the zone counts',                     at: '2026-11-20T15:00:00Z', zone: 'Europe/Berlin',    window: 'Fri 16:00 - Mon 08:00', is: true },
    { why: '… an hour earlier in summer',                      at: '2026-07-17T14:00:00Z', zone: 'Europe/Berlin',    window: 'Fri 16:00 - Mon 08:00', is: true },
    { why: '… and not two',                                    at: '2026-07-17T13:59:00Z', zone: 'Europe/Berlin',    window: 'Fri 16:00 - Mon 08:00', is: false },
    { why: 'a weekend in which summer time begins',            at: '2027-03-29T05:59:00Z', zone: 'Europe/Berlin',    window: 'Fri 16:00 - Mon 08:00', is: true },
    { why: '… ends by the clock, an hour sooner',              at: '2027-03-29T06:00:00Z', zone: 'Europe/Berlin',    window: 'Fri 16:00 - Mon 08:00', is: false },
    { why: 'a beginning that is never shown: before the jump', at: '2027-03-28T00:59:59Z', zone: 'Europe/Berlin',    window: 'Sun 02:30 - Sun 06:00', is: false },
    { why: 'a beginning that is never shown: from the jump',   at: '2027-03-28T01:00:00Z', zone: 'Europe/Berlin',    window: 'Sun 02:30 - Sun 06:00', is: true },
    { why: 'an end that is never shown: before the jump',      at: '2027-03-28T00:59:59Z', zone: 'Europe/Berlin',    window: 'Sun 00:00 - Sun 02:30', is: true },
    { why: 'an end that is never shown: from the jump',        at: '2027-03-28T01:00:00Z', zone: 'Europe/Berlin',    window: 'Sun 00:00 - Sun 02:30', is: false },
    { why: 'an hour shown twice: the first time',              at: '2026-10-25T00:15:00Z', zone: 'Europe/Berlin',    window: 'Sun 02:00 - Sun 02:30', is: true },
    { why: 'an hour shown twice: between',                     at: '2026-10-25T00:45:00Z', zone: 'Europe/Berlin',    window: 'Sun 02:00 - Sun 02:30', is: false },
    { why: 'an hour shown twice: the second time',             at: '2026-10-25T01:15:00Z', zone: 'Europe/Berlin',    window: 'Sun 02:00 - Sun 02:30', is: true },
    { why: 'a date line away',                                 at: '2026-12-19T11:00:00Z', zone: 'Pacific/Auckland', window: '2026-12-20 - 2026-12-20', is: true },
    { why: 'a zone of half hours',                             at: '2026-11-20T10:30:00Z', zone: 'Asia/Kolkata',     window: 'Fri 16:00 - Fri 17:00', is: true },
  ])('$why: $window in $zone at $at', ({ at, zone, window, is }) => {
    expect(toldAt(at, zone, window) !== undefined).toBe(is);
  });

  it('takes windows together that follow one another, and names the one that holds', () => {
    const told = toldAt('2026-12-18T17:00:00Z', 'UTC', 'Fri 16:00 - Mon 08:00', '2026-12-20 - 2027-01-02');

    expect(told).toBe('the freeze "Fri 16:00 - Mon 08:00" holds until Mon 2027-01-04 08:00 (UTC)');
  });

  it('goes by the clock of this machine when no zone is said', () => {
    const local = new Date(2026, 10, 20, 16, 0);
    const all = freeze(undefined, 'Fri 16:00 - Fri 16:01');

    expect(frozenAt(all, local)).toBeDefined();
    expect(frozenAt(all, new Date(local.getTime() + 60_000))).toBeUndefined();
  });
});
