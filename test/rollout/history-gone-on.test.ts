import { expect, it } from 'vitest';
import { EVENT_SCHEMA, type RunEvent, type StampedEvent } from '../../src/rollout/events.ts';
import { instancesIn, replay } from '../../src/rollout/history.ts';

const subject = { host: 'fe1', name: 'pxApp_1' };
const begins = (from: string): RunEvent => ({ type: 'instance-started', subject, from, to: 'a:2' });
const start: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann@desk', version: '1' },
  ...{ machine: 'desk', pid: 7 },
};

function stateAfter(events: readonly RunEvent[]): string | undefined {
  const stamped = events.map((event, index): StampedEvent => {
    const ts = new Date(Date.UTC(2026, 10, 21, 9) + index * 1_000).toISOString();
    return { schema: EVENT_SCHEMA, seq: index + 1, ts, run: '20261121-090000-test', ...event };
  });
  const history = replay(stamped);
  return history && instancesIn(history)[0]?.state;
}

const finds = (image: string): RunEvent => {
  return {
    type: 'found',
    subject,
    servers: [],
    old: { id: 'a', image, digest: undefined, running: true, aside: 'b' },
  };
};
const fails: RunEvent = { type: 'instance-ended', subject, state: 'unchanged', ms: 1 };
it.each<[string, string, RunEvent[]]>([
  ['updated', 'turns out to be as it should', [{ type: 'instance-left', subject, why: 'nothing to change' }]],
  ['updated', 'had updated, and fails to do once more', [begins('a:2'), finds('a:2'), fails]],
  ['unchanged', 'had not updated yet, and fails to do', [begins('a:2'), finds('a:1'), fails]],
])('has as %s what the run that died was at, and that %s', (state, _, then) => {
  expect(stateAfter([start, begins('a:1'), start, ...then])).toBe(state);
});
