import { expect, it } from 'vitest';
import { EVENT_SCHEMA, type RunEvent, type StampedEvent } from '../../src/rollout/events.ts';
import { replay } from '../../src/rollout/history.ts';

const start: RunEvent = {
  ...{ type: 'run-started', command: 'haproxy push', hosts: ['lb1'], by: 'ann@desk', version: '1' },
  ...{ machine: 'desk', pid: 7 },
};

it('the history of a run has what was done to an HAProxy by itself, also what was only begun', () => {
  const step = { host: 'lb1', path: '/h.cfg', step: 'reload' } as const;
  const asked = { host: 'lb1', text: 'clear counters' };
  const events: readonly RunEvent[] = [
    start,
    { type: 'config-step-started', ...step },
    { type: 'config-step', ...step, ms: 5, isOk: false, outcome: 'no worker' },
    { type: 'runtime-asked', ...asked },
    { type: 'runtime-answered', ...asked, isOk: true, outcome: 'done\nand more' },
  ];
  const stamp = { schema: EVENT_SCHEMA, seq: 1, ts: '2026-11-21T09:00:00Z', run: 'a-run' };

  const history = replay(events.map((event): StampedEvent => ({ ...stamp, ...event })));

  expect(history?.notes.map(({ kind, host, text }) => [kind, host, text])).toEqual([
    ['change', 'lb1', 'reload /h.cfg …'],
    ['change', 'lb1', 'reload /h.cfg: failed: no worker'],
    ['change', 'lb1', 'clear counters …'],
    ['change', 'lb1', 'clear counters: done'],
  ]);
});
