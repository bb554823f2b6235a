import { EVENT_SCHEMA, type RunEvent, type Stamp } from '../rollout/events.ts';

/** One event as one line of JSON. What a container is given (`spec`) may hold secrets and is left out. */
export function jsonLine(
  event: RunEvent,
  { seq, at, run }: Pick<Stamp, 'seq' | 'run'> & { readonly at: Date },
): string {
  const stamp: Stamp = { schema: EVENT_SCHEMA, seq, ts: at.toISOString(), run };
  return JSON.stringify({ ...stamp, ...event }, (key, value: unknown) => (key === 'spec' ? undefined : value));
}
