import type { FakeFleet } from './fake-fleet.ts';

/** The steps of one instance as they went, `!` after one that failed. */
export function stepsOf(fleet: FakeFleet, host: string, name: string): string {
  const words = fleet.events.flatMap((event) => {
    if (!('subject' in event) || event.subject.host !== host || event.subject.name !== name) return [];
    if (event.type === 'step-ended') return [event.step];
    if (event.type === 'step-failed') return [`${event.step}!`];
    return event.type === 'instance-ended' ? [`→ ${event.state}`] : [];
  });
  return words.join(' ');
}
