import { describe, expect, it } from 'vitest';
import { EVENT_SCHEMA, type RunEvent } from '../../src/rollout/events.ts';
import { isGoingBack } from '../../src/rollout/going-back.ts';
import { replay } from '../../src/rollout/history.ts';

const RUN = '20261121-1';
const subject = { host: 'fe1', name: 'pxApp_1' };
const start = (command = 'rollout'): RunEvent => {
  return { type: 'run-started', command, hosts: ['fe1'], by: 'ann@desk', version: '1', machine: 'desk', pid: 7 };
};
const updated: readonly RunEvent[] = [
  { type: 'instance-started', subject, from: 'v1', to: 'v2' },
  { type: 'step-started', subject, step: 'check', homeward: false },
  { type: 'instance-ended', subject, ms: 1, state: 'updated' },
];
const backBegun: RunEvent = { type: 'rollback-started', of: RUN, hosts: ['fe1'], isWhole: true };
const goesBack: RunEvent = { type: 'instance-started', subject, from: 'v2', to: 'v1', isRevert: true };
const isBack: RunEvent = { type: 'instance-ended', subject, ms: 1, state: 'updated', isRevert: true };
const isNotBack: RunEvent = { type: 'instance-ended', subject, ms: 1, state: 'unchanged', isRevert: true };
const ended: RunEvent = { type: 'run-ended', command: 'rollout', end: 'stopped', ms: 1, hosts: [], exitStatus: 8 };

describe('a run is going back', () => {
  // prettier-ignore
  it.each([
    { what: 'once it has begun to take back all that it has updated', events: [start(), ...updated, backBegun],                                     is: true },
    { what: 'when it was at that',                                    events: [start(), ...updated, backBegun, goesBack],                           is: true },
    { what: 'when something of it could not be taken back',           events: [start(), ...updated, backBegun, goesBack, isNotBack, ended],         is: true },
    { what: 'not before it has begun to',                             events: [start(), ...updated],                                                is: false },
    { what: 'not when all is back',                                   events: [start(), ...updated, backBegun, goesBack, isBack],                   is: false },
    { what: 'not when a monitor has taken something back',            events: [start(), ...updated, { ...backBegun, isWhole: undefined }, goesBack], is: false },
    { what: 'not when it takes back another run',                     events: [start('rollback'), { ...backBegun, of: '20261120-1' }, ...updated],   is: false },
    { what: 'not any more once it rolls out anew',                    events: [start(), ...updated, backBegun, goesBack, isBack, ended, start(), ...updated], is: false },
    { what: 'still when that is gone on with',                        events: [start(), ...updated, backBegun, start()],                            is: true },
  ])('$what', ({ events, is }) => {
    const stamp = { schema: EVENT_SCHEMA, seq: 1, ts: '2026-11-21T09:00:00.000Z', run: RUN };
    const history = replay((events as RunEvent[]).map((event) => ({ ...stamp, ...event })));

    expect(history && isGoingBack(history)).toBe(is);
  });
});
