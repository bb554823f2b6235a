import { describe, expect, it } from 'vitest';
import type { RunEvent, StampedEvent } from '../../src/rollout/events.ts';
import { replay } from '../../src/rollout/history.ts';
import { resumptionOf } from '../../src/rollout/resumption.ts';

const hook = { name: 'migrate', point: 'before_run', where: 'controller', play: 'Front ends' } as const;
const started: RunEvent = {
  ...{ type: 'run-started', command: 'rollout', hosts: ['fe1'], by: 'ann@desk' },
  ...{ version: '1', machine: 'desk', pid: 7 },
};
const begun: RunEvent = { type: 'hook-started', hook };
const ended = (result: 'ok' | 'failed' | 'ignored' | 'unknown'): RunEvent => ({
  ...{ type: 'hook-ended', hook, ms: 5, result, why: result === 'ok' ? '' : 'ended with 1', output: ['42 tables'] },
});

function historyOf(...events: readonly RunEvent[]) {
  const ts = '2026-11-29T09:00:00.000Z';
  const stamped = [started, ...events].map((event, index): StampedEvent => {
    return { schema: 1, seq: index + 1, ts, run: 'r', ...event };
  });
  const history = replay(stamped);
  if (!history) throw new Error('the run has no beginning');
  return history;
}

describe('the hooks of a run, by its journal', () => {
  it('are those that were run, and what came of them', () => {
    expect(historyOf(begun, ended('ok')).hooks).toEqual([
      { hook, startedAt: '2026-11-29T09:00:00.000Z', result: 'ok', why: '', output: ['42 tables'], ms: 5 },
    ]);
  });

  it('are broken off where the run was gone on with', () => {
    expect(historyOf(begun, started).hooks).toMatchObject([{ result: 'brokenOff', ms: undefined }]);
  });

  const key = JSON.stringify(['Front ends', 'before_run', 'migrate']);

  it.each([
    [[begun, ended('ok')], [key], []],
    [[begun, ended('ignored')], [key], []],
    [[begun, ended('failed')], [], []],
    [[begun, ended('unknown')], [], [hook]],
    [[begun], [], [hook]],
    [[begun, started, begun, ended('ok')], [key], []],
    [[begun, ended('ok'), started, { type: 'hook-skipped', hook, why: 'done' }], [key], []],
    [[begun, ended('ok'), started], [key], []],
  ] as const)(
    '%j is known, to whoever goes on with the run, to have ended: %j, and not to be known: %j',
    (events, known, unknown) => {
      const { hooks } = resumptionOf(historyOf(...events), false);

      expect([...hooks.ended]).toEqual(known);
      expect(hooks.unknown).toEqual(unknown);
      expect([...hooks.begun]).toEqual(['Front ends']);
    },
  );
});
