import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { stepActions } from '../../src/runner/instance/advance.ts';
import { holdHosts } from '../../src/runner/hosts/held-hosts.ts';
import { takenBackOf } from '../../src/runner/play/taken-back.ts';
import { revert } from '../../src/runner/play/rollback.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { allOn, roll, RUN } from '../support/rollback.ts';

describe('revert(), within the run that has updated', () => {
  async function reverted(fleet: FakeFleet, prepare: () => Promise<void> = async () => undefined, keep = 0) {
    const { plans } = await roll([fleet.play('v2', { each: { keep } })], fleet.context());
    await prepare();
    const context = fleet.context();
    const held = await holdHosts([...fleet.hosts.keys()], { ...context, limit: pLimit(10) });
    const done = plans.flatMap((plan) => takenBackOf(plan, () => true));
    const end = await revert(done, {
      ...context,
      actions: stepActions,
      held: held.host,
      back: { serial: [{ hosts: 2 }], pauseMs: 0, onFailure: 'pause' },
    });
    await held.release();
    return end;
  }

  it('takes all of it back in batches of its own', async () => {
    const fleet = await FakeFleet.up();

    const end = await reverted(fleet);

    expect(end).toMatchObject({ then: 'goOn', hosts: [{ host: 'fe3', updated: 3 }, { updated: 3 }, { updated: 3 }] });
    expect(fleet.images()).toEqual(allOn('v1'));
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.events).toContainEqual({ type: 'rollback-started', of: RUN, hosts: ['fe3', 'fe2', 'fe1'] });
    expect(fleet.events.filter((event) => event.type === 'instance-ended' && event.isRevert)).toHaveLength(9);
  });

  it('also when the run has kept the old containers', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const end = await reverted(fleet, undefined, 1);

    expect(end.then).toBe('goOn');
    expect(fleet.images().filter((one) => !one.includes('.replaced-'))).toEqual(allOn('v1').slice(0, 3));
  });

  it('takes back what it can when a host cannot be taken back, and says so', async () => {
    const fleet = await FakeFleet.up();

    const end = await reverted(fleet, async () => {
      const { archive } = await fleet.host('fe2');
      for (let run = 0; run < 5; run += 1) await archive.save(`20261122-00000${run}`, 'pxApp_1', undefined);
    });

    expect(end.then).toBe('stop');
    expect(end.hosts.find(({ host }) => host === 'fe2')).toMatchObject({ end: 'failed', unchanged: 3 });
    expect(fleet.images()).toEqual(allOn('v1').map((one) => (one.startsWith('fe2') ? one.replace('v1', 'v2') : one)));
    expect(fleet.isWhole()).toBe(true);
  });
});
