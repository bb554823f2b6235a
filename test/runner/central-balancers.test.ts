import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { balancerPair } from '../support/balancer-pair.ts';
import { aRecordEntry, aServer } from '../support/builders.ts';
import { IMAGE, type FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

function playOf(fleet: FakeFleet, tag: string): Play {
  const play = fleet.play(tag, { each: { minUp: { servers: 1 } } });
  const [first] = play.hosts;
  const instances = (first?.instances ?? []).slice(0, 1).map((one) => ({
    ...one,
    servers: ['lb1', 'lb2'].map((host) => aServer(one.container, host)),
  }));
  return { ...play, hosts: [{ host: 'fe1', instances }] };
}

/** What a command that died has recorded of an instance at both of them. */
async function leave(kind: 'rollout' | 'drain', fe1: FakeHost): Promise<void> {
  const old = await fe1.containers.inspect('pxApp_1');
  fe1.entries = ['lb1', 'lb2'].map((host) =>
    aRecordEntry({
      ...{ kind, server: aServer('pxApp_1', host), container: kind === 'rollout' ? 'pxApp_1' : undefined },
      old: old && { id: old.id, restart: old.restart, running: true, wasReady: true },
    }),
  );
}

describe('with one of two central HAProxys dead', () => {
  it('a new container that falls over in service is out at the other at once, and goes home', async () => {
    const { fleet, fe1, lb1, setDead } = await balancerPair();
    fleet.addImage('bad', { exitsAfterMs: 900 });
    let fellAt = Infinity;
    let outAfterMs: number | undefined;
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'soak') setDead(true);
      if (event.type === 'step-started' && event.step === 'withdraw') fellAt = fleet.clock.now();
    };
    fleet.clock.onAdvance((nowMs) => {
      if (nowMs > fellAt && lb1.haproxy.weights()['pxApp_1']?.startsWith('0 ')) outAfterMs ??= nowMs - fellAt;
    });

    const result = await rollout([playOf(fleet, 'bad')], options, fleet.context(onEvent));

    expect(outAfterMs).toBeLessThan(1_000);
    const ended = fleet.events.find((event) => event.type === 'step-ended' && event.step === 'withdraw');
    expect(ended).toMatchObject({
      outcome: expect.stringMatching(
        /on lb1 out of service again, .* on lb2 not taken out: Cannot reach lb2/,
      ) as string,
    });
    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', outOfService: 1 }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(lb1.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
  });

  it.each(['rollout', 'drain'] as const)(
    'what a %s has left is brought back at the other, and stays recorded for it',
    async (kind) => {
      const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
      await leave(kind, fe1);
      for (const { haproxy, name } of [lb1, lb2]) await haproxy.setAdmin(aServer('pxApp_1', name), 'maint');
      setDead(true);

      const again = async () =>
        kind === 'rollout'
          ? recoverHosts({ hosts: ['fe1'] }, fleet.context())
          : restoreHosts({ hosts: ['fe1'], servers: [] }, fleet.context());
      const first = await again();

      const command = kind === 'rollout' ? 'recover' : 'restore';
      const why = 'Cannot reach lb2: connection refused';
      expect(first).toMatchObject({
        end: 'outOfService',
        hosts: [{ host: 'fe1', end: 'outOfService', reason: `Cannot put back pxapp_cluster/pxApp_1 on lb2: ${why}` }],
      });
      expect(fleet.events).toContainEqual({
        ...{ type: 'warning', host: 'fe1' },
        text: `The record of pxapp_cluster/pxApp_1 on lb2 stays behind: ${why}: when it is back, see to it with "sluice ${command} fe1"`,
      });
      expect(lb1.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
      expect(fe1.entries.map(({ server }) => server.balancer.host)).toEqual(['lb2']);

      setDead(false);
      const second = await again();

      expect(second.end).toBe('done');
      expect(lb2.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
      expect(fe1.entries).toEqual([]);
    },
  );

  it.each(['rollout', 'drain'] as const)(
    'what a %s has left of it is forgotten when it is gone for good',
    async (kind) => {
      const { fleet, fe1, lb1, setDead } = await balancerPair();
      await leave(kind, fe1);
      await lb1.haproxy.setAdmin(aServer('pxApp_1', 'lb1'), 'maint');
      setDead(true);

      const forget = ['lb2', 'lb1'];
      const result =
        kind === 'rollout'
          ? await recoverHosts({ hosts: ['fe1'], forget }, fleet.context())
          : await restoreHosts({ hosts: ['fe1'], servers: [], forget }, fleet.context());

      expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', end: 'updated', outOfService: 0 }] });
      // One that answers is put back, whatever was said of it.
      expect(lb1.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
      expect(fleet.events).toContainEqual({
        ...{ type: 'warning', host: 'fe1' },
        text: 'Forgot pxapp_cluster/pxApp_1 on lb2, as asked: weight 10, ready was to be put back',
      });
      expect(fe1.entries).toEqual([]);
    },
  );

  it('takes neither of two containers away that the dead one may send requests to', async () => {
    const { fleet, fe1, lb1, lb2, setDead } = await balancerPair();
    const old = await fe1.containers.inspect('pxApp_1');
    await fe1.containers.rename('pxApp_1', 'pxApp_1.replaced-earlier');
    await fe1.containers.create('pxApp_1', { image: `${IMAGE}:v1`, pullPolicy: 'never' }, undefined);
    await fe1.containers.start('pxApp_1');
    // It died in release: at both HAProxys the old one, in the slot of pxApp_2, has been taken out already.
    fe1.entries = ['lb1', 'lb2'].flatMap((host) =>
      (['next', 'leaving'] as const).map((slot, index) =>
        aRecordEntry({
          ...{ slot, server: aServer(index === 0 ? 'pxApp_1' : 'pxApp_2', host), container: 'pxApp_1' },
          standing: { weight: index === 0 ? 10 : 20, admin: 'ready' },
          ...{ aside: 'pxApp_1.replaced-earlier', wasUp: slot === 'leaving' },
          old: old && { id: old.id, restart: old.restart, running: true, wasReady: true },
        }),
      ),
    );
    for (const { haproxy, name } of [lb1, lb2]) await haproxy.setAdmin(aServer('pxApp_2', name), 'maint');
    setDead(true);

    const first = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    const running = async (): Promise<readonly string[]> =>
      (await fe1.containers.list()).filter((one) => one.running).map(({ name }) => name);
    expect(first).toMatchObject({ end: 'outOfService', hosts: [{ end: 'outOfService' }] });
    expect(first.hosts[0]?.reason).toBe(
      'Cannot take out the new container of pxApp_1 on fe1: pxapp_cluster/pxApp_1 on lb2 may send it requests, and Cannot reach lb2: connection refused',
    );
    expect(lb1.haproxy.weights()['pxApp_2']).toBe('20 ready UP');
    expect(lb2.haproxy.weights()['pxApp_2']).toMatch(/maint/);
    expect(await running()).toEqual(expect.arrayContaining(['pxApp_1', 'pxApp_1.replaced-earlier']));
    expect(fe1.entries).toHaveLength(4);

    setDead(false);
    const second = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(second.end).toBe('done');
    expect(lb2.haproxy.weights()['pxApp_2']).toBe('20 ready UP');
    expect(fe1.containers.names()).not.toContain('pxApp_1.replaced-earlier');
    expect(fe1.entries).toEqual([]);
  });
});
