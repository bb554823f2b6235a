import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { recoverHosts } from '../../src/runner/recover-hosts.ts';
import { restoreHosts } from '../../src/runner/restore-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { aRecordEntry, aServer } from '../support/builders.ts';
import { FakeFleet, IMAGE, type FakeHost } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

/** The containers of fe1 are behind the HAProxys of lb1 and lb2; what is done once lb2 dies cannot reach it. */
async function pair(): Promise<{
  readonly fleet: FakeFleet;
  readonly fe1: FakeHost;
  readonly lb1: FakeHost;
  readonly lb2: FakeHost;
  readonly dies: () => void;
}> {
  const fleet = await FakeFleet.up(['fe1', 'lb1', 'lb2']);
  const [fe1, lb1, lb2] = await Promise.all(['fe1', 'lb1', 'lb2'].map((name) => fleet.host(name)));
  if (!fe1 || !lb1 || !lb2) throw new Error('they are up');
  let isDead = false;
  const { haproxy } = lb2;
  lb2.balancer = () =>
    new Proxy(haproxy, {
      get: (target, key): unknown => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        if (isDead) return () => Promise.reject(new Failure('unreachable', 'Cannot reach lb2: no route to host'));
        return value.bind(target) as unknown;
      },
    });
  const dies = (): void => {
    isDead = true;
    lb2.isUnreachable = true;
  };
  return { fleet, fe1, lb1, lb2, dies };
}

function playOf(fleet: FakeFleet, tag: string): Play {
  const play = fleet.play(tag, { each: { minUp: { servers: 1 } } });
  const [first] = play.hosts;
  const instances = (first?.instances ?? []).slice(0, 1).map((one) => ({
    ...one,
    servers: ['lb1', 'lb2'].map((host) => aServer(one.container, host)),
  }));
  return { ...play, hosts: [{ host: 'fe1', instances }] };
}

describe('with one of two central HAProxys dead', () => {
  it('a new container that falls over in service is out at the other at once, and goes home', async () => {
    const { fleet, fe1, lb1, dies } = await pair();
    fleet.addImage('bad', { exitsAfterMs: 900 });
    let fellAt = Infinity;
    let outAfterMs: number | undefined;
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'soak') dies();
      if (event.type === 'step-started' && event.step === 'withdraw') fellAt = fleet.clock.now();
    };
    fleet.clock.onAdvance((nowMs) => {
      if (nowMs > fellAt && lb1.haproxy.weights()['pxApp_1']?.startsWith('0 ')) outAfterMs ??= nowMs - fellAt;
    });

    const result = await rollout([playOf(fleet, 'bad')], options, fleet.context(onEvent));

    expect(outAfterMs).toBeLessThan(1_000);
    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', outOfService: 1 }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(lb1.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
  });

  it.each(['rollout', 'drain'] as const)(
    'what a %s has left is brought back at the other, and stays recorded for it',
    async (kind) => {
      const { fleet, fe1, lb1, lb2, dies } = await pair();
      const old = await fe1.containers.inspect('pxApp_1');
      const servers = [aServer('pxApp_1', 'lb1'), aServer('pxApp_1', 'lb2')];
      fe1.entries = servers.map((server) =>
        aRecordEntry({
          ...{ kind, server, container: kind === 'rollout' ? 'pxApp_1' : undefined },
          old: old && { id: old.id, restart: old.restart, running: true, wasReady: true },
        }),
      );
      for (const [index, { haproxy }] of [lb1, lb2].entries())
        await haproxy.setAdmin(servers[index] ?? aServer(), 'maint');
      dies();

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

      lb2.isUnreachable = false;
      lb2.balancer = () => lb2.haproxy;
      const second = await again();

      expect(second.end).toBe('done');
      expect(lb2.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
      expect(fe1.entries).toEqual([]);
    },
  );

  it.each(['rollout', 'drain'] as const)(
    'what a %s has left of it is forgotten when it is gone for good',
    async (kind) => {
      const { fleet, fe1, lb1, dies } = await pair();
      const old = await fe1.containers.inspect('pxApp_1');
      const servers = [aServer('pxApp_1', 'lb1'), aServer('pxApp_1', 'lb2')];
      fe1.entries = servers.map((server) =>
        aRecordEntry({
          ...{ kind, server, container: kind === 'rollout' ? 'pxApp_1' : undefined },
          old: old && { id: old.id, restart: old.restart, running: true, wasReady: true },
        }),
      );
      await lb1.haproxy.setAdmin(servers[0] ?? aServer(), 'maint');
      dies();

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
    const { fleet, fe1, lb1, lb2, dies } = await pair();
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
    dies();

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

    lb2.isUnreachable = false;
    lb2.balancer = () => lb2.haproxy;
    const second = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(second.end).toBe('done');
    expect(lb2.haproxy.weights()['pxApp_2']).toBe('20 ready UP');
    expect(fe1.containers.names()).not.toContain('pxApp_1.replaced-earlier');
    expect(fe1.entries).toEqual([]);
  });
});
