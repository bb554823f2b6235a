import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { drainHosts, type DrainRequest } from '../../src/runner/maintenance/drain-hosts.ts';
import type { Fleet, HostAccess } from '../../src/runner/ports/ports.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { balancerPair } from '../support/balancer-pair.ts';
import { aRecordEntry, aServer } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, WEIGHTS } from '../support/fake-fleet.ts';

type Asked = readonly string[];

function aRequest(over: Partial<DrainRequest> = {}): DrainRequest {
  const confirm = async (consequences: Asked): Promise<boolean> => {
    throw new Error(`nobody should be asked: ${consequences.join()}`);
  };
  const policy = { timeoutMs: 10_000, onTimeout: 'fail' as const };
  return {
    hosts: ['fe1'],
    servers: ['pxApp_2'],
    place: { socket: undefined, container: undefined },
    balancers: undefined,
    policy,
    note: 'disk swap',
    confirm,
    ...over,
  };
}

function drain(
  fleet: FakeFleet,
  over: Partial<DrainRequest> = {},
  onEvent?: (event: RunEvent) => void,
): Promise<RunResult> {
  return drainHosts(aRequest(over), fleet.context(onEvent));
}

async function weightsOf(fleet: FakeFleet, host = 'fe1'): Promise<string[]> {
  const { haproxy } = await fleet.host(host);
  return Object.entries(haproxy.weights()).map(([name, state]) => `${name} ${state.replace(/ (UP|DOWN)$/, '')}`);
}

const withoutSecond = ['pxApp_1 10 ready', 'pxApp_2 0 maint', 'pxApp_3 30 ready'];

/** A request on each server of a host that takes this long. */
async function occupy(fleet: FakeFleet, ms: number): Promise<void> {
  const { haproxy } = await fleet.host('fe1');
  for (let opened = 0; opened < WEIGHTS.size; opened += 1) haproxy.open(ms);
}

describe('drainHosts()', () => {
  it.each(['pxApp_2', 'pxapp_cluster/pxApp_2'])(
    'takes %s out of service without a failed request, and leaves it so',
    async (name) => {
      const fleet = await FakeFleet.up(['fe1']);

      const result = await drain(fleet, { servers: [name] });

      expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', end: 'updated', updated: 1, reason: '' }] });
      expect(await weightsOf(fleet)).toEqual(withoutSecond);
      expect(fleet.failures()).toEqual([]);
      expect((await fleet.host('fe1')).lock.isFree).toBe(true);
    },
  );

  it('tells servers of the same name at two central HAProxys apart', async () => {
    const { fleet, fe1, setDead } = await balancerPair();
    fe1.entries = ['lb1', 'lb2'].map((host) => aRecordEntry({ kind: 'drain', server: aServer('pxApp_2', host) }));
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started') setDead(true);
    };

    await restoreHosts({ hosts: ['fe1'], servers: [] }, fleet.context(onEvent));

    const ends = fleet.events.flatMap((event) =>
      event.type === 'step-ended' || event.type === 'step-failed' ? [`${event.type} ${event.subject.name}`] : [],
    );
    expect(ends.toSorted()).toEqual([
      'step-ended pxapp_cluster/pxApp_2 on lb1',
      'step-failed pxapp_cluster/pxApp_2 on lb2',
    ]);
  });

  it('records how the server stood, who took it out, when and why', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    await drain(fleet);

    expect((await fleet.host('fe1')).entries).toEqual([
      {
        ...{ kind: 'drain', server: aServer('pxApp_2'), standing: { weight: 20, admin: 'ready' }, wasUp: true },
        ...{ by: 'ann@desk', note: 'disk swap', at: '2026-11-21T09:00:05.000Z', run: '20261121-090000-test' },
      },
    ]);
  });

  it('waits for the requests in hand', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await occupy(fleet, 7_000);

    await drain(fleet);

    expect(fleet.clock.now()).toBeGreaterThan(12_000);
    expect(fleet.failures()).toEqual([]);
    const waits = fleet.events.flatMap((event) => (event.type === 'step-waiting' ? [event.waiting] : []));
    expect(waits[0]).toMatchObject({ for: 'requests', current: 1, queued: 0, leftMs: 7_970 });
  });

  it('has nothing to do for what it has drained already', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await drain(fleet);
    const { entries } = await fleet.host('fe1');

    const result = await drain(fleet, { note: 'again' });

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'nothingToDo', updated: 0 }] });
    expect((await fleet.host('fe1')).entries).toEqual(entries);
  });

  it('asks before it leaves a backend with no usable server, and then does so', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    let asked: Asked = [];

    const result = await drain(fleet, {
      ...{ hosts: ['fe1', 'fe2'], servers: [] },
      confirm: async (consequences) => {
        asked = consequences;
        return true;
      },
    });

    expect(asked).toEqual(
      ['fe1', 'fe2'].map((host) => `backend pxapp_cluster on ${host} will have no usable server: its clients get 503`),
    );
    expect(result.hosts.map(({ host, updated }) => `${host} ${updated}`)).toEqual(['fe1 3', 'fe2 3']);
    expect(await weightsOf(fleet, 'fe2')).toEqual(['pxApp_1 0 maint', 'pxApp_2 0 maint', 'pxApp_3 0 maint']);
  });

  it('asks also when the other servers are out of service already', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    await haproxy.setWeight(aServer('pxApp_1'), 0);
    await haproxy.setAdmin(aServer('pxApp_3'), 'maint');
    let asked: Asked = [];

    await drain(fleet, { confirm: async (consequences) => Boolean((asked = consequences)) });

    expect(asked).toHaveLength(1);
  });

  it('puts on record the weight that somebody has set while it asked', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    const confirm = async (): Promise<boolean> => {
      await haproxy.setWeight(aServer('pxApp_2'), 77);
      return true;
    };

    await drain(fleet, { servers: [], confirm });

    const found = (await fleet.host('fe1')).entries.find(({ server }) => server.name === 'pxApp_2');
    expect(found?.standing).toEqual({ weight: 77, admin: 'ready' });
  });

  it('touches nothing when the answer is no', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    await expect(drain(fleet, { servers: [], confirm: async () => false })).rejects.toMatchObject({
      ...{ code: 'interrupted', message: 'Nothing was changed: the drain was not confirmed' },
    });

    expect(fleet.isWhole()).toBe(true);
    expect((await fleet.host('fe1')).lock.isFree).toBe(true);
  });

  it('touches nothing on any host when one has no such server, and says which it has', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    await expect(drain(fleet, { hosts: ['fe1', 'fe2'], servers: ['pxApp_2', 'pxApp_7'] })).rejects.toMatchObject({
      code: 'error',
    });

    const has = 'pxapp_cluster/pxApp_1, pxapp_cluster/pxApp_2, pxapp_cluster/pxApp_3';
    expect(fleet.events).toEqual(
      ['fe1', 'fe2'].map((host) => ({ type: 'problem', host, text: `HAProxy has no server pxApp_7; it has ${has}` })),
    );
    expect(fleet.isWhole()).toBe(true);
  });

  it.each<{ why: string; over: Partial<HostAccess>; says: RegExp }>([
    {
      why: 'no socket is where it should be',
      over: { firstSocket: async () => undefined },
      says: /^Cannot find HAProxy's socket on fe1: .*name it with --socket$/,
    },
    {
      why: 'HAProxy does not answer',
      over: {
        balancer: () => {
          throw new Failure('haproxy', 'Cannot ask HAProxy on fe1: refused');
        },
      },
      says: /refused/,
    },
  ])('touches nothing when $why', async ({ over, says }) => {
    const fleet = await FakeFleet.up(['fe1']);
    const odd = changed<Fleet>(fleet, { host: async (name) => changed<HostAccess>(await fleet.host(name), over) });

    await expect(drainHosts(aRequest(), { ...fleet.context(), fleet: odd })).rejects.toMatchObject({ code: 'error' });

    expect(fleet.events).toMatchObject([
      { type: 'problem', host: 'fe1', text: expect.stringMatching(says) as unknown },
    ]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('refuses a socket that may not change weights', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const haproxy = changed(fe1.haproxy, {
      facts: async () => ({ version: '2.6', pid: 1, level: 'operator' as const }),
    });
    const odd = changed(fleet, { host: async () => changed(fe1, { balancer: () => haproxy }) });

    await expect(drainHosts(aRequest(), { ...fleet.context(), fleet: odd })).rejects.toMatchObject({
      message: 'Cannot start: there is a problem (above); nothing was touched',
    });
    expect(fleet.isWhole()).toBe(true);
  });

  it('drains again what a reload of HAProxy has put back into service, and keeps the first record', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await drain(fleet);
    const { entries } = fe1;
    fe1.haproxy.reload();

    const result = await drain(fleet, { note: 'again' });

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated', updated: 1 }] });
    expect(await weightsOf(fleet)).toEqual(withoutSecond);
    expect(fe1.entries).toEqual(entries);
  });

  it('does not drain on top of what a rollout has left', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await drain(fleet);
    fe1.entries = fe1.entries.map((entry) => ({ ...entry, kind: 'rollout', container: 'pxApp_2' }));

    await expect(drain(fleet)).rejects.toMatchObject({ code: 'error' });

    expect(fleet.events.filter(({ type }) => type === 'problem')).toMatchObject([
      {
        text: expect.stringMatching(
          /pxApp_2 was left in work by ann@desk .* see to it with "sluice recover fe1"$/,
        ) as unknown,
      },
    ]);
  });
});
