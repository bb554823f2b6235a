import { DAY_MS, dayOf, timeOf, wallText, type WallMs } from './wall-clock.ts';

/** The last moment at which an instance may begin, by the clock of the controller. */
export interface NotAfter {
  readonly wall: WallMs;
  readonly written: string;
}

const HALF_A_DAY_MS = DAY_MS / 2;

/**
 * Reads `16:00`, or `2026-11-22 06:00` (also with a `T`). A time without a day is today's, or tomorrow's if
 * that comes within twelve hours: at 22:00 `06:00` is tomorrow morning. Further away it is over: whoever says `16:00` at
 * 16:05 is late, and does not mean tomorrow.
 *
 * @returns `over` when it has passed, undefined for what is no time
 */
export function readNotAfter(written: string, now: WallMs): NotAfter | 'over' | undefined {
  const [first = '', second, ...more] = written.trim().split(/[\sT]+/);
  if (more.length > 0) return undefined;
  const day = second === undefined ? undefined : dayOf(first);
  const time = timeOf(second ?? first);
  if (time === undefined || (second !== undefined && day === undefined)) return undefined;
  if (day !== undefined) return day + time > now ? { wall: day + time, written } : 'over';
  const midnight = dayOf(new Date(now).toISOString().slice(0, 10)) ?? now;
  const today = midnight + time;
  if (today > now) return { wall: today, written };
  const tomorrow = today + DAY_MS;
  return tomorrow - now <= HALF_A_DAY_MS ? { wall: tomorrow, written } : 'over';
}

export function notAfterText({ wall }: NotAfter): string {
  return `it is past ${wallText(wall)} (--not-after)`;
}
