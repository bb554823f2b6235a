import type { RunEvent } from '../rollout/events.ts';

/** The version of the event stream's form; a reader of another one must not guess. */
export const EVENT_SCHEMA = 1;

export interface Stamp {
  /** Counts the events of a run, from 1. */
  readonly seq: number;
  readonly at: Date;
  readonly run: string;
}

/** One event as one line of JSON. What a container is given (`spec`) may hold secrets and is left out. */
export function jsonLine(event: RunEvent, { seq, at, run }: Stamp): string {
  const stamped = { schema: EVENT_SCHEMA, seq, ts: at.toISOString(), run, ...event };
  return JSON.stringify(stamped, (key, value: unknown) => (key === 'spec' ? undefined : value));
}
