import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { drainHosts } from '../../src/runner/maintenance/drain-hosts.ts';
import type { DrainPolicy } from '../../src/rollout/model.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { aServer } from '../support/builders.ts';
import { FakeFleet, WEIGHTS } from '../support/fake-fleet.ts';

interface Over {
  readonly servers?: readonly string[];
  readonly policy?: DrainPolicy;
}

function drain(fleet: FakeFleet, over: Over = {}, onEvent?: (event: RunEvent) => void): Promise<RunResult> {
  const policy = { timeoutMs: 10_000, onTimeout: 'fail' as const };
  const request = {
    hosts: ['fe1'],
    servers: ['pxApp_2'],
    place: { socket: undefined, container: undefined },
    balancers: undefined,
    policy,
    note: '',
    confirm: async () => true,
  };
  return drainHosts({ ...request, ...over }, fleet.context(onEvent));
}

async function weightsOf(fleet: FakeFleet): Promise<string[]> {
  const { haproxy } = await fleet.host('fe1');
  return Object.entries(haproxy.weights()).map(([name, state]) => `${name} ${state.replace(/ (UP|DOWN)$/, '')}`);
}

const inService = [...WEIGHTS].map(([name, weight]) => `${name} ${weight} ready`);
const withoutSecond = ['pxApp_1 10 ready', 'pxApp_2 0 maint', 'pxApp_3 30 ready'];

/** A request on each server of a host that takes this long. */
async function occupy(fleet: FakeFleet, ms: number): Promise<void> {
  const { haproxy } = await fleet.host('fe1');
  for (let opened = 0; opened < WEIGHTS.size; opened += 1) haproxy.open(ms);
}

describe('drainHosts(), when the requests in hand take too long,', () => {
  it('puts the server back when its requests do not end in time', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await occupy(fleet, 60_000);

    const result = await drain(fleet);

    expect(result.end).toBe('someFailed');
    expect(result.hosts).toMatchObject([{ end: 'failed', updated: 0, unchanged: 1 }]);
    expect(result.hosts[0]?.reason).toBe(
      'Cannot drain pxapp_cluster/pxApp_2 on fe1: 1 request still in hand after 10 s (on_timeout: fail)',
    );
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('tells of no more holders than there are requests by then, the oldest first', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    haproxy.sessions = async () => [11, 2, 1].map((ageSeconds) => ({ source: `10.0.0.9:${ageSeconds}`, ageSeconds }));
    await occupy(fleet, 60_000);
    const told: string[] = [];

    await drain(fleet, {}, (event) => {
      if (event.type !== 'step-waiting' || event.waiting.for !== 'requests') return;
      const { current, sessions } = event.waiting;
      told.push(`${current}: ${sessions.map(({ source }) => source).join(', ')}`);
    });

    expect([...new Set(told)]).toEqual(['1: 10.0.0.9:11']);
  });

  it('is not late where the last request has ended, and only the proof of it comes after the deadline', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await occupy(fleet, 9_950);

    const result = await drain(fleet);

    expect(result.end).toBe('done');
    expect(await weightsOf(fleet)).toEqual(withoutSecond);
    expect(fleet.events).not.toContainEqual(expect.objectContaining({ type: 'remark' }));
  });

  it('says so when HAProxy does not cease to retry', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    const look = haproxy.look.bind(haproxy);
    let retries = 0;
    haproxy.look = async (server) => ({ ...(await look(server)), retries: (retries += 1) });

    const result = await drain(fleet);

    expect(result.hosts[0]?.reason).toBe(
      'Cannot drain pxapp_cluster/pxApp_2 on fe1: HAProxy is still retrying requests to it after 10 s (on_timeout: fail)',
    );
    expect(await weightsOf(fleet)).toEqual(inService);
  });

  it('is not over while an HAProxy that tells has something attached to it in maintenance', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    let asked = 0;
    haproxy.isHeld = async () => (asked += 1) < 5;

    const result = await drain(fleet);

    expect(result.end).toBe('done');
    expect(asked).toBe(5);
  });

  it('heeds no retry where such an HAProxy has nothing attached to it', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    haproxy.version = '3.0.11';
    const look = haproxy.look.bind(haproxy);
    let retries = 0;
    haproxy.look = async (server) => {
      const seen = await look(server);
      return { ...seen, retries: seen.admin === 'maint' ? (retries += 1) : 0 };
    };

    const result = await drain(fleet);

    expect(result.end).toBe('done');
    expect(await weightsOf(fleet)).toEqual(withoutSecond);
  });

  it('puts all servers of a host back when one of them cannot be drained', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    const taken = haproxy.open(60_000);
    const free = [...WEIGHTS.keys()].filter((name) => name !== taken).slice(0, 1);

    const result = await drain(fleet, { servers: [taken ?? '', ...free] });

    expect(result.hosts).toMatchObject([{ end: 'failed', unchanged: 2 }]);
    expect(await weightsOf(fleet)).toEqual(inService);
    expect((await fleet.host('fe1')).entries).toEqual([]);
  });

  it('takes the server out all the same when the policy is to continue', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await occupy(fleet, 60_000);

    const result = await drain(fleet, { policy: { timeoutMs: 2_000, onTimeout: 'continue' } });

    expect(result.end).toBe('done');
    expect(await weightsOf(fleet)).toEqual(withoutSecond);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.events).toContainEqual(
      expect.objectContaining({
        remark: { about: 'not-drained', server: aServer('pxApp_2'), sessions: 1, then: 'continue' },
      }),
    );
  });

  it('cuts what is in hand when the policy is to shut sessions down, on that server alone', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await occupy(fleet, 60_000);

    await drain(fleet, { policy: { timeoutMs: 2_000, onTimeout: 'shutdown_sessions' } });

    expect(fleet.failures()).toHaveLength(1);
    expect(await weightsOf(fleet)).toEqual(withoutSecond);
  });

  it('leaves a server in maintenance that was there before, and records that', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await fe1.haproxy.setAdmin(aServer('pxApp_2'), 'maint');

    await drain(fleet);

    expect(await weightsOf(fleet)).toEqual(withoutSecond);
    expect(fe1.entries).toMatchObject([{ standing: { weight: 20, admin: 'maint' } }]);
  });

  it('puts everything back when it is asked to stop', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await occupy(fleet, 60_000);

    const result = await drain(fleet, {}, (event) => {
      if (event.type === 'step-waiting') fleet.stop(1);
    });

    expect(result).toMatchObject({ end: 'interrupted', hosts: [{ end: 'interrupted', reason: 'Stopped by SIGINT' }] });
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('says that servers are left out of service when they cannot be put back either', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await occupy(fleet, 60_000);

    const result = await drain(fleet, {}, (event) => {
      if (event.type === 'step-waiting') fleet.stop(3);
    });

    expect(result.end).toBe('outOfService');
    expect((await fleet.host('fe1')).entries).toMatchObject([{ standing: { weight: 20 } }]);
  });
});
