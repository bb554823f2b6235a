import { describe, expect, it } from 'vitest';
import type { Fate } from '../../src/report/history.ts';
import { resultOf } from '../../src/report/history.ts';
import { paintFor } from '../../src/report/paint.ts';
import { pastRunText } from '../../src/report/past-run.ts';
import { EVENT_SCHEMA, type RunEvent } from '../../src/rollout/events.ts';
import { replay, type RunHistory } from '../../src/rollout/history.ts';

const RUN = '20261121-1';
const subject = { host: 'fe1', name: 'pxApp_1' };
const started: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann@desk', version: '1', machine: 'desk', pid: 7 },
};
const updated: readonly RunEvent[] = [
  { type: 'instance-started', subject, from: 'v1', to: 'v2' },
  { type: 'step-started', subject, step: 'check', homeward: false },
  { type: 'instance-ended', subject, ms: 1, state: 'updated' },
];

function historyOf(events: readonly RunEvent[]): RunHistory {
  const stamp = { schema: EVENT_SCHEMA, seq: 1, ts: '2026-11-21T09:00:00.000Z', run: RUN };
  const history = replay(events.map((event) => ({ ...stamp, ...event })));
  if (!history) throw new Error('there is a start');
  return history;
}

/** What is said after what happened. */
function lastLines(history: RunHistory, fate: Fate): string[] {
  const lines = pastRunText({ history, fate, isTorn: false, later: [] }, paintFor(false));
  return lines.slice(lines.lastIndexOf('') + 1);
}

describe('what is said of a run that died', () => {
  it('on its way back is that, and that resume takes back the rest', () => {
    const back: RunEvent = { type: 'rollback-started', of: RUN, hosts: ['fe1'], isWhole: true };
    const history = historyOf([started, ...updated, back]);

    expect(resultOf({ history, fate: 'died' })[1]).toBe('died on its way back');
    expect(lastLines(history, 'died')).toEqual([
      'Its journal ends here, and its process is gone: it died, or it could not write its journal any more and has gone home by itself.',
      'It was taking back what it had updated; so many are still to be taken back: 1.',
      'Nothing was in work.',
      `  sluice resume ${RUN}   takes back the rest`,
    ]);
  });
});
