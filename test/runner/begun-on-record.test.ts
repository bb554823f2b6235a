import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, WEIGHTS } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

describe('a restart whose note that it is begun is lost', () => {
  it('notes it again before it stops the container', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    let isLost = false;
    const record = changed(fe1.record, {
      write: async (entries) => {
        const isFirst = !isLost && entries.some(({ only }) => only?.progress === 'begun');
        isLost ||= isFirst;
        if (isFirst) throw new Failure('unreachable', 'Cannot reach fe1: connection lost');
        await fe1.record.write(entries);
      },
    });
    const atStop: unknown[] = [];
    const stop = async (name: string): Promise<void> => {
      atStop.push(fe1.entries.map(({ container, only }) => `${container} ${only?.progress ?? ''}`));
      await fe1.containers.stop(name);
    };
    const host = changed(fe1, { record, containers: changed(fe1.containers, { stop }) });
    const context = { ...fleet.context(), fleet: { host: async () => host, close: async () => undefined } };

    const result = await rollout([fleet.play('v1', { each: { strategy: 'restart' } })], options, context);

    expect([result.end, isLost]).toEqual(['done', true]);
    expect(atStop).toEqual([...WEIGHTS.keys()].map((name) => [`${name} begun`]));
    expect(fleet.isWhole()).toBe(true);
  });
});
