import {
  DAY_MS,
  MINUTE_MS,
  sinceMonday,
  dayOf,
  timeOf,
  wallText,
  wallTime,
  WEEK_MS,
  type WallMs,
} from './wall-clock.ts';

/** A time in which nothing is rolled out: from `from` until before `to`. */
export type FreezeWindow =
  /** Every week; milliseconds since Monday 00:00, the end at most a week after the beginning. */
  | { readonly kind: 'weekly'; readonly from: number; readonly to: number; readonly written: string }
  | { readonly kind: 'dated'; readonly from: WallMs; readonly to: WallMs; readonly written: string };

export interface Freeze {
  readonly windows: readonly FreezeWindow[];
  /** IANA name; undefined is the zone of the controller. */
  readonly timezone: string | undefined;
}

export interface Frozen {
  readonly window: FreezeWindow;
  /** When no window holds any more, windows that follow one another taken together; endless after 100 of them. */
  readonly until: WallMs;
}

/** More windows in a row than anybody writes: together they are a freeze without an end. */
const MOST_IN_A_ROW = 100;

/**
 * The window that holds at `at`, or undefined. What the clock shows decides: of an hour that is shown twice, when
 * summer time ends, both are frozen; a beginning or an end that is never shown counts from the jump on.
 */
export function frozenAt({ windows, timezone }: Freeze, at: Date): Frozen | undefined {
  const now = wallTime(at, timezone);
  const window = windows.find((one) => endOf(one, now) !== undefined);
  if (!window) return undefined;
  let until = now;
  for (let count = 0; count < MOST_IN_A_ROW; count += 1) {
    const ends = windows.flatMap((one) => endOf(one, until) ?? []);
    if (ends.length === 0) return { window, until };
    until = Math.max(...ends);
  }
  return { window, until: Infinity };
}

/** When `window` ends, if it holds at `now`. */
function endOf(window: FreezeWindow, now: WallMs): WallMs | undefined {
  if (window.kind === 'dated') return window.from <= now && now < window.to ? window.to : undefined;
  const since = (sinceMonday(now) - window.from + WEEK_MS) % WEEK_MS;
  const length = window.to - window.from;
  return since < length ? now - since + length : undefined;
}

/** Why nothing may begin, for whoever asked. */
export function frozenText({ window, until }: Frozen, { timezone }: Freeze): string {
  const zone = timezone === undefined ? '' : ` (${timezone})`;
  const end = until === Infinity ? 'for good' : `until ${wallText(until)}`;
  return `the freeze "${window.written}" holds ${end}${zone}`;
}

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/**
 * `Fri 16:00 - Mon 08:00`, `Sat - Sun`, `2026-12-20 - 2027-01-02`, `2026-12-20 18:00 - 2027-01-02 08:00`. An end that is
 * only a day is the end of that day. A week's window that ends as it begins is all of the week.
 *
 * @returns undefined for anything else, also for a window that ends before it begins
 */
export function readWindow(text: string): FreezeWindow | undefined {
  const written = text.trim();
  const [, begin = '', end = ''] = /^(\S.*?)\s+-\s+(\S.*)$/.exec(written) ?? [];
  const [fromDay = '', fromTime] = begin.split(/\s+/);
  const [toDay = '', toTime, ...more] = end.split(/\s+/);
  if (more.length > 0 || begin.split(/\s+/).length > 2) return undefined;
  const start = timeOf(fromTime ?? '00:00');
  const stop = timeOf(toTime ?? '24:00');
  if (start === undefined || start === DAY_MS || stop === undefined) return undefined;

  const [from, to] = [dayOf(fromDay), dayOf(toDay)];
  if (from !== undefined && to !== undefined) {
    return from + start < to + stop ? { kind: 'dated', from: from + start, to: to + stop, written } : undefined;
  }
  const [first, last] = [weekdayOf(fromDay), weekdayOf(toDay)];
  if (first === undefined || last === undefined) return undefined;
  const weekly = first * DAY_MS + start;
  const length = (last * DAY_MS + stop - weekly + WEEK_MS - MINUTE_MS) % WEEK_MS;
  return { kind: 'weekly', from: weekly, to: weekly + length + MINUTE_MS, written };
}

/** `Fri` or `Friday`: 0 is Monday. */
function weekdayOf(text: string): number | undefined {
  const word = text.toLowerCase();
  const index = WEEKDAYS.findIndex((day) => word === day || word === FULL_WEEKDAYS[day]);
  return index < 0 ? undefined : index;
}

const FULL_WEEKDAYS: Readonly<Record<string, string>> = {
  ...{ mon: 'monday', tue: 'tuesday', wed: 'wednesday', thu: 'thursday', fri: 'friday', sat: 'saturday' },
  sun: 'sunday',
};
