import { describe, expect, it } from 'vitest';
import { EVENT_SCHEMA, type RunEvent, type StampedEvent } from '../../src/rollout/events.ts';
import { instancesIn, replay } from '../../src/rollout/history.ts';

const subject = { host: 'fe1', name: 'pxApp_1' };
const start: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann@desk', version: '1', machine: 'desk', pid: 7 },
};
const updated: readonly RunEvent[] = [
  { type: 'instance-started', subject, from: 'a:1', to: 'a:2' },
  { type: 'instance-ended', subject, state: 'updated', ms: 1 },
];

/** What the instance has come to for a rollout that has updated it, once all this has been told. */
function stateAfter(...events: readonly RunEvent[]): string | undefined {
  return stateOf([start, ...updated, ...events]);
}

function stateOf(events: readonly RunEvent[]): string | undefined {
  const told = events.map((event, index): StampedEvent => ({
    ...{ schema: EVENT_SCHEMA, seq: index + 1, ts: '2026-11-21T09:00:00Z', run: '20261121-090000-test' },
    ...event,
  }));
  const history = replay(told);
  return history && instancesIn(history)[0]?.state;
}

describe('an instance that a rollout has updated', () => {
  it.each([
    { state: 'unchanged' as const, is: 'updated' },
    { state: 'outOfService' as const, is: 'outOfService' },
  ])("is $is after it has finished another's work there, which ended $state", ({ state, is }) => {
    const after = stateAfter(
      { type: 'step-started', subject, step: 'rollBack', homeward: true },
      { type: 'instance-ended', subject, state, ms: 1 },
    );

    expect(after).toBe(is);
  });

  it('is unchanged when its own take-back finds that done', () => {
    expect(stateAfter({ type: 'instance-left', subject, why: 'nothing to change', isRevert: true })).toBe('unchanged');
  });
});

describe('an instance that a rollout leaves alone', () => {
  it("is left, whatever has come of another's work there, tried twice", () => {
    const told = (state: 'outOfService' | 'updated'): readonly RunEvent[] => [
      { type: 'step-started', subject, step: 'vacate', homeward: true },
      { type: 'instance-ended', subject, state, ms: 1, kept: 'ending' },
    ];

    expect(
      stateOf([
        start,
        ...told('outOfService'),
        ...told('updated'),
        { type: 'instance-left', subject, why: 'nothing to change' },
      ]),
    ).toBe('left');
  });
});
