import { describe, expect, it } from 'vitest';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { balancerPair } from '../support/balancer-pair.ts';
import { aRecordEntry, aServer } from '../support/builders.ts';
import { FakeFleet, IMAGE, type FakeHost } from '../support/fake-fleet.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const never = new AbortController().signal;
const GRACE_MS = 8_000;

/** Containers take their whole stop grace, which the Engine waits for, whether who has asked lives on or not. */
function withGrace(fleet: FakeFleet, { containers }: FakeHost): void {
  const stop = containers.stop.bind(containers);
  containers.stop = (name) => stopWithGrace(name, { fleet, containers, stop });
}

interface Stopping {
  readonly fleet: FakeFleet;
  readonly containers: FakeHost['containers'];
  readonly stop: (name: string) => Promise<void>;
}

async function stopWithGrace(name: string, { fleet, containers, stop }: Stopping): Promise<void> {
  const asked = await containers.inspect(name);
  if (!asked?.running) return;
  await fleet.clock.sleep(GRACE_MS, never);
  const same = (await containers.list()).find(({ id }) => id === asked.id);
  if (same?.running && same.startedAt === asked.startedAt) await stop(same.name);
}

/** A rollout that dies when it has just asked for the old container to stop. */
async function diedInStop(): Promise<{ readonly fleet: FakeFleet; readonly fe1: FakeHost }> {
  for (let at = 0; ; at += 1) {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    withGrace(fleet, fe1);
    const mortal = new MortalFleet(fleet, { at, when: 'after' });
    const ended = rollout([fleet.play('v2')], options, mortal.context(fleet.context())).then(() => 'ended');
    const change = await Promise.race([mortal.death, ended]);
    if (change === 'stop') return { fleet, fe1 };
    if (change === 'ended') throw new Error('it never stops a container');
  }
}

describe('a rollout that dies while the old container has its stop grace', () => {
  it('is recovered to one that goes on running: the stop that was begun is waited for', async () => {
    const { fleet, fe1 } = await diedInStop();
    await fleet.clock.sleep(1_000, never);

    const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    await fleet.clock.sleep(2 * GRACE_MS, never);
    expect(result.end).toBe('done');
    expect(await fe1.containers.inspect('pxApp_1')).toMatchObject({ running: true });
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });
});

describe('a rollout start-first that dies while the old container has its stop grace', () => {
  it('is recovered to one that goes on running, also where its restart policy tells nothing of the stop', async () => {
    const { fleet, fe1, lb1 } = await balancerPair();
    const aside = 'pxApp_1.replaced-earlier';
    await fe1.containers.setRestart('pxApp_1', { name: 'no', maximumRetryCount: 0 });
    await fe1.containers.rename('pxApp_1', aside);
    const old = await fe1.containers.inspect(aside);
    await fe1.containers.create('pxApp_1', { image: `${IMAGE}:v1`, pullPolicy: 'never' }, undefined);
    await fe1.containers.start('pxApp_1');
    fe1.entries = (['next', 'leaving'] as const).map((slot, index) =>
      aRecordEntry({
        ...{ slot, server: aServer(index === 0 ? 'pxApp_1' : 'pxApp_2', 'lb1'), container: 'pxApp_1', aside },
        ...{ standing: { weight: index === 0 ? 10 : 20, admin: 'ready' }, wasUp: index === 1, ending: true },
        old: old && { id: old.id, restart: old.restart, running: true, wasReady: true },
      }),
    );
    await lb1.haproxy.setAdmin(aServer('pxApp_2', 'lb1'), 'maint');
    const { containers } = fe1;
    void stopWithGrace(aside, { fleet, containers, stop: (name) => containers.stop(name) });
    await fleet.clock.sleep(1_000, never);

    const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    await fleet.clock.sleep(2 * GRACE_MS, never);
    expect(result.end).toBe('done');
    expect(await fe1.containers.inspect('pxApp_1')).toMatchObject({ id: old?.id, running: true });
    expect(lb1.haproxy.weights()['pxApp_2']).toBe('20 ready UP');
    expect(fe1.entries).toEqual([]);
  });
});
