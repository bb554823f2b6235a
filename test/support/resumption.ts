import { EVENT_SCHEMA, type RunEvent, type StampedEvent } from '../../src/rollout/events.ts';
import { replay } from '../../src/rollout/history.ts';
import { resumptionOf, type Resumption } from '../../src/rollout/resumption.ts';

/** What a run on fe1 that told these events goes on from. */
export function resumptionFrom(events: readonly RunEvent[], skipFailed = false): Resumption {
  const stamped = events.map((event, index): StampedEvent => ({
    ...{ schema: EVENT_SCHEMA, seq: index + 2, ts: '2026-11-21T09:00:00Z', run: '20261121-090000-test' },
    ...event,
  }));
  const start: StampedEvent = {
    ...{ schema: EVENT_SCHEMA, seq: 1, ts: '2026-11-21T09:00:00Z', run: '20261121-090000-test' },
    ...{ type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann@desk', version: '1' },
    ...{ machine: 'desk', pid: 1 },
  };
  const history = replay([start, ...stamped]);
  if (!history) throw new Error('no history');
  return resumptionOf(history, skipFailed);
}
