/**
 * What a clock on the wall shows: milliseconds since 1970-01-01 00:00 as shown there, whatever the zone. When summer
 * time begins it jumps an hour on; when it ends, an hour is shown twice. Compared, never subtracted to know how long
 * something takes.
 */
export type WallMs = number;

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
export const WEEK_MS = 7 * DAY_MS;

/** What the clock shows at `at` in an IANA zone, to the second; undefined is the zone of this machine. */
export function wallTime(at: Date, timezone: string | undefined): WallMs {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: timezone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}

export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** `Fri 2026-12-18 16:00` */
export function wallText(wall: WallMs): string {
  const date = new Date(wall);
  const [day = '', time = ''] = date.toISOString().split('T');
  return `${DAYS[date.getUTCDay()] ?? ''} ${day} ${time.slice(0, 5)}`;
}

/** Milliseconds since Monday 00:00; 1970-01-01 was a Thursday. */
export function sinceMonday(wall: WallMs): number {
  return (((wall + 3 * DAY_MS) % WEEK_MS) + WEEK_MS) % WEEK_MS;
}

/** `2026-12-20`, or undefined for a day that no calendar has. */
export function dayOf(text: string): WallMs | undefined {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day));
  return year !== '' && new Date(wall).toISOString().startsWith(text) ? wall : undefined;
}

/** `16:00` as milliseconds since midnight; `24:00` is the end of the day. */
export function timeOf(text: string): number | undefined {
  const [, hour = '', minute = ''] = /^(\d{1,2}):(\d\d)$/.exec(text) ?? [];
  const ms = (Number(hour) * 60 + Number(minute)) * MINUTE_MS;
  return hour !== '' && Number(minute) < 60 && ms <= DAY_MS ? ms : undefined;
}
