import { describe, expect, it } from 'vitest';
import { EVENT_SCHEMA, type RunEvent } from '../../src/rollout/events.ts';
import { instancesIn, replay } from '../../src/rollout/history.ts';

const subject = { host: 'fe1', name: 'pxApp_1' };
const start: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann@desk', version: '1', machine: 'desk', pid: 7 },
};

describe('the history of a run that is gone on with', () => {
  it('has as updated what it has updated, tried again and put back as it was', () => {
    const begun: RunEvent = { type: 'instance-started', subject, from: 'v2', to: 'v2' };
    const ended = { type: 'instance-ended', subject, ms: 1 } as const;
    const first: RunEvent[] = [start, { ...begun, from: 'v1' }, { ...ended, state: 'updated' }];
    const second: RunEvent[] = [start, begun, { ...ended, state: 'unchanged' }];

    const stamp = { schema: EVENT_SCHEMA, seq: 1, ts: '2026-11-21T09:00:00.000Z', run: '20261121-1' };
    const history = replay([...first, ...second].map((event) => ({ ...stamp, ...event })));

    if (!history) throw new Error('there is a start');
    expect(instancesIn(history)).toMatchObject([{ state: 'updated', from: 'v1', to: 'v2' }]);
  });

  it('has as unchanged what somebody has taken back meanwhile, and it has not updated again', () => {
    const begun: RunEvent = { type: 'instance-started', subject, from: 'v1', to: 'v2' };
    const ended = { type: 'instance-ended', subject, ms: 1 } as const;
    const events: RunEvent[] = [
      ...[start, begun, { ...ended, state: 'updated' as const }],
      ...[start, begun, { ...ended, state: 'unchanged' as const }],
    ];

    const stamp = { schema: EVENT_SCHEMA, seq: 1, ts: '2026-11-21T09:00:00.000Z', run: '20261121-1' };
    const history = replay(events.map((event) => ({ ...stamp, ...event })));

    if (!history) throw new Error('there is a start');
    expect(instancesIn(history)).toMatchObject([{ state: 'unchanged' }]);
  });
});
