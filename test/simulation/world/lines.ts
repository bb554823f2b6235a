import type { RunEvent } from '../../../src/rollout/events.ts';

/** One event as a line of the story. */
export function lineOf(event: RunEvent): string {
  if (event.type === 'planned') return event.type;
  if (!('subject' in event)) return textOf(event);
  const { host, name } = event.subject;
  const where = `${name} on ${host}`;
  if (event.type === 'step-started') return `${event.step} ${where} begins`;
  if (event.type === 'step-ended') return `${event.step} ${where}: ${event.outcome}`;
  if (event.type === 'step-failed') return `${event.step} ${where} failed: ${event.reason}`;
  return textOf({ ...event, subject: where });
}

function textOf({ type, ...rest }: { readonly type: string; readonly [key: string]: unknown }): string {
  return `${type} ${JSON.stringify(rest, (key, value: unknown) => (key === 'balancer' ? undefined : value))}`;
}
