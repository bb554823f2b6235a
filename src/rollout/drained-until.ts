/** Until when what somebody has drained is to stay out. */
import { MINUTE_MS, wallText, wallTime } from './wall-clock.ts';

/** What the record says of a drain, of that. */
export interface DrainNote {
  readonly by: string;
  readonly note: string;
  /** RFC 3339, by the clock of the host; undefined: until somebody restores it. */
  readonly until?: string | undefined;
}

/** Whether its time has passed. `now` is what the clock of the host shows, as in all of these. */
export function isOver({ until }: Pick<DrainNote, 'until'>, now: Date): boolean {
  return until !== undefined && Date.parse(until) <= now.getTime();
}

/** `drained until 14:30 by ann@ci: "disk swap" (in 12 min)` */
export function drainedText({ by, note, until = '' }: DrainNote, now: Date): string {
  const why = note === '' ? '' : `: "${note}"`;
  return `drained until ${momentText(until, now)} by ${by}${why} (${leftText(Date.parse(until) - now.getTime())})`;
}

/** `14:30` of today, else with its day: as the clock on the wall of this machine has it. */
export function momentText(moment: string, now: Date): string {
  const text = wallText(wallTime(new Date(moment), undefined));
  const [today, time] = [wallText(wallTime(now, undefined)).slice(0, -6), text.slice(-5)];
  return text.startsWith(today) ? time : text;
}

/** `in 12 min`, or `over for 12 min`. */
export function leftText(ms: number): string {
  return ms > 0 ? `in ${roughly(ms)}` : `over for ${roughly(-ms)}`;
}

/** As exactly as a person needs it: `40 s`, `12 min`, `2 h 05 min`. */
function roughly(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
