import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { ServerLook } from '../../src/runner/ports/ports.ts';
import { balancerPair, type BalancerPair } from '../support/balancer-pair.ts';
import { aRecordEntry, aServer } from '../support/builders.ts';
import { IMAGE, type FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
const WHY =
  'Cannot take out the new container of pxApp_1 on fe1: pxapp_cluster/pxApp_1 on lb2 may send it requests, and Cannot reach lb2: connection refused';
const IN_SERVICE = '10 ready UP';
const DOWN = { isUp: false, status: 'DOWN', lastCheck: 'L7STS/500' };

function playOf(fleet: FakeFleet): Play {
  const play = fleet.play('v2', { each: { minUp: { servers: 1 } } });
  const instances = (play.hosts[0]?.instances ?? []).slice(0, 1).map((one) => ({
    ...one,
    servers: ['lb1', 'lb2'].map((host) => aServer(one.container, host)),
  }));
  return { ...play, hosts: [{ host: 'fe1', instances }] };
}

function standings({ lb1, lb2 }: BalancerPair): readonly (string | undefined)[] {
  return [lb1, lb2].map(({ haproxy }) => haproxy.weights()['pxApp_1']);
}

/** From now on it is seen so by HAProxy's own checks, while its probe is well. */
function seenAs(seen: Partial<ServerLook>, { haproxy }: FakeHost): void {
  const look = haproxy.look.bind(haproxy);
  haproxy.look = async (server) => ({ ...(await look(server)), ...seen });
}

/** A run that died with the new container ready, and in maintenance at both, as before `restore`. */
async function leave({ fleet, fe1, lb1, lb2 }: BalancerPair, letInAt: readonly string[]): Promise<void> {
  const old = await fe1.containers.inspect('pxApp_1');
  await fe1.containers.rename('pxApp_1', 'pxApp_1.replaced-earlier');
  await fe1.containers.stop('pxApp_1.replaced-earlier');
  await fe1.containers.create('pxApp_1', { image: `${IMAGE}:v2`, pullPolicy: 'never' }, undefined);
  await fe1.containers.start('pxApp_1');
  fe1.entries = ['lb1', 'lb2'].map((host) =>
    aRecordEntry({
      ...{ server: aServer('pxApp_1', host), aside: 'pxApp_1.replaced-earlier' },
      ...(letInAt.includes(host) && { letIn: true as const }),
      old: old && { id: old.id, restart: old.restart, running: true, wasReady: true },
    }),
  );
  for (const { haproxy, name } of [lb1, lb2]) await haproxy.setAdmin(aServer('pxApp_1', name), 'maint');
  await fleet.clock.sleep(5_000, new AbortController().signal);
}

describe('a new container that an HAProxy out of reach may send requests to', () => {
  it('has back what was taken from it before that one was lost', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, lb1, setDead } = pair;
    const setWeight = lb1.haproxy.setWeight.bind(lb1.haproxy);
    let taken = 0;
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'soak') setDead(true);
      if (event.type !== 'step-started' || event.step !== 'withdraw') return;
      setDead(false);
      lb1.haproxy.setWeight = async (server, weight) => {
        await setWeight(server, weight);
        if (weight > 0 || taken > 0) return;
        taken += 1;
        setDead(true);
      };
    };

    const result = await rollout([playOf(fleet)], options, fleet.context(onEvent));

    expect(taken).toBe(1);
    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', outOfService: 1 }] });
    expect(fleet.events).toContainEqual(
      expect.objectContaining({ type: 'step-failed', step: 'withdraw', reason: WHY }),
    );
    expect(standings(pair)).toEqual([IN_SERVICE, IN_SERVICE]);
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);

    const stays = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(stays).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', reason: WHY }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);

    setDead(false);
    const back = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(back.end).toBe('done');
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(standings(pair)).toEqual([IN_SERVICE, IN_SERVICE]);
  });

  it('goes on just so where that one hangs', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, hang } = pair;
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'soak') hang();
    };

    const result = await rollout([playOf(fleet)], options, fleet.context(onEvent));

    const reason = WHY.replace(
      'Cannot reach lb2: connection refused',
      'Cannot ask HAProxy on lb2: no answer within 10 s',
    );
    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', outOfService: 1 }] });
    expect(fleet.events).toContainEqual(expect.objectContaining({ type: 'step-failed', step: 'withdraw', reason }));
    expect(standings(pair)).toEqual([IN_SERVICE, IN_SERVICE]);
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);
  });

  it('goes on where a withdraw that died has taken it from the others', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, lb1, setDead } = pair;
    await rollout(
      [playOf(fleet)],
      options,
      fleet.context((event) => {
        if (event.type === 'step-started' && event.step === 'soak') setDead(true);
      }),
    );
    await lb1.haproxy.setWeight(aServer('pxApp_1', 'lb1'), 0);

    const stays = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(stays).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', reason: WHY }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);
    expect(standings(pair)[1]).toBe(IN_SERVICE);
  });

  it('goes on where a restore that died had come to that one only', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, setDead } = pair;
    await leave(pair, ['lb1', 'lb2']);
    setDead(true);

    const stays = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(stays).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', reason: WHY }] });
    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v2$/);
  });

  it('goes home where no restore had begun: it is in maintenance there', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, setDead } = pair;
    await leave(pair, []);
    setDead(true);

    await recoverHosts({ hosts: ['fe1'] }, fleet.context());

    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(standings(pair)[0]).toBe(IN_SERVICE);
    expect(fe1.entries.map(({ server }) => server.balancer.host)).toEqual(['lb2']);
  });

  it('goes home all the same when the other has seen it DOWN', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, lb1, setDead } = pair;
    const real = lb1.haproxy.look.bind(lb1.haproxy);
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'soak') {
        setDead(true);
        seenAs(DOWN, lb1);
      }
      // It is seen UP again by the time that it is taken out.
      if (event.type === 'step-started' && event.step === 'withdraw') lb1.haproxy.look = real;
    };

    await rollout([playOf(fleet)], options, fleet.context(onEvent));

    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(standings(pair)[0]).toBe(IN_SERVICE);
  });

  it('goes home all the same when the other sees it DOWN by the time that it is to go', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, lb1, setDead } = pair;
    const real = lb1.haproxy.look.bind(lb1.haproxy);
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'soak') setDead(true);
      if (event.type === 'step-started' && event.step === 'withdraw') seenAs(DOWN, lb1);
      if (event.type === 'step-started' && event.step === 'rollBack') lb1.haproxy.look = real;
    };

    await rollout([playOf(fleet)], options, fleet.context(onEvent));

    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(standings(pair)[0]).toBe(IN_SERVICE);
  });

  it('is brought home by recover where the other sees it DOWN', async () => {
    const pair = await balancerPair();
    const { fleet, fe1, lb1, setDead } = pair;
    await leave(pair, ['lb1', 'lb2']);
    setDead(true);
    const real = lb1.haproxy.look.bind(lb1.haproxy);
    seenAs({ ...DOWN, admin: 'ready', weight: 10 }, lb1);
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'withdraw') lb1.haproxy.look = real;
    };

    await recoverHosts({ hosts: ['fe1'] }, fleet.context(onEvent));

    expect(fe1.containers.imageOf('pxApp_1')).toMatch(/:v1$/);
    expect(standings(pair)[0]).toBe(IN_SERVICE);
  });
});
