import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { stepsOf } from '../support/steps.ts';

function roll(fleet: FakeFleet, play: Play, onEvent?: (event: RunEvent) => void): Promise<RunResult> {
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  return rollout([play], options, fleet.context(onEvent));
}

describe('a rollout that is asked to stop', () => {
  it('finishes the instance in work at first', async () => {
    const fleet = await FakeFleet.up();

    const result = await roll(fleet, fleet.play('v2'), (event) => {
      if (event.type === 'step-started' && event.step === 'replace' && event.subject.name === 'pxApp_2') fleet.stop(1);
    });

    expect(result.end).toBe('interrupted');
    expect(fleet.images().slice(0, 3)).toEqual(['fe1 pxApp_1 v2', 'fe1 pxApp_2 v2', 'fe1 pxApp_3 v1']);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('puts the instance in work back when that is asked twice', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await roll(fleet, fleet.play('v2'), (event) => {
      if (event.type === 'step-started' && event.step === 'check' && !event.homeward) fleet.stop(2);
    });

    expect(result.end).toBe('interrupted');
    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toBe('drain replace check! rollBack check restore → unchanged');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('says what it left, and leaves the record of it, when that is asked three times', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await roll(fleet, fleet.play('v2'), (event) => {
      if (event.type === 'step-started' && event.step === 'check') fleet.stop(3);
    });

    expect(result.end).toBe('outOfService');
    const fe1 = await fleet.host('fe1');
    expect(fe1.entries).toMatchObject([
      { container: 'pxApp_1', standing: { weight: 10, admin: 'ready' }, by: 'ann@desk' },
    ]);
  });

  it('has nothing to put back when that is asked three times before anything was taken', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await roll(fleet, fleet.play('v2'), (event) => {
      if (event.type === 'step-started' && event.subject.name === 'pxApp_2') fleet.stop(3);
    });

    expect(stepsOf(fleet, 'fe1', 'pxApp_2')).toBe('drain! → unchanged');
    expect(result).toMatchObject({ end: 'interrupted', hosts: [{ updated: 1, unchanged: 1, outOfService: 0 }] });
    expect(fleet.events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('warns of a record that it could not drop, of an instance that it has not touched', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const write = fe1.record.write.bind(fe1.record);
    fe1.record.write = async (entries) => {
      await write(entries);
      fleet.stop(3);
    };

    const result = await roll(fleet, fleet.play('v2'));

    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toBe('drain! → unchanged');
    expect(result).toMatchObject({ end: 'interrupted', hosts: [{ unchanged: 1, outOfService: 0 }] });
    expect(fleet.events.filter(({ type }) => type === 'warning')).toMatchObject([
      { host: 'fe1', text: 'The undo record stays behind: Stopped by SIGINT: see to it with "sluice recover fe1"' },
    ]);
    expect(fe1.entries).toMatchObject([{ container: 'pxApp_1' }]);
  });
});
