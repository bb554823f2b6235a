import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { aLockOwner } from '../support/builders.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { stepsOf } from '../support/steps.ts';

function roll(fleet: FakeFleet, play: Play, onEvent?: (event: RunEvent) => void): Promise<RunResult> {
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  return rollout([play], options, fleet.context(onEvent));
}

const allOn = (tag: string): string[] =>
  ['fe1', 'fe2', 'fe3'].flatMap((host) => [1, 2, 3].map((id) => `${host} pxApp_${id} ${tag}`));

describe('rollout()', () => {
  it('updates every instance, fails no request and puts every weight back', async () => {
    const fleet = await FakeFleet.up();

    const result = await roll(fleet, fleet.play('v2'));

    expect(result.end).toBe('done');
    expect(fleet.images()).toEqual(allOn('v2'));
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
    expect(stepsOf(fleet, 'fe2', 'pxApp_3')).toBe('drain replace check restore soak retire → updated');
  });

  it('gives the new container the restart policy of the old one, which waits without', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await roll(fleet, fleet.play('v2'));

    const fe1 = await fleet.host('fe1');
    expect((await fe1.containers.inspect('pxApp_1'))?.restart.name).toBe('always');
  });

  it('has nothing to do the second time, and everything when forced', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await roll(fleet, fleet.play('v2'));

    const second = await roll(fleet, fleet.play('v2'));
    expect(second.hosts.map(({ end, left }) => ({ end, left }))).toEqual([{ end: 'nothingToDo', left: 3 }]);

    const options = { force: true, onPlanned: () => undefined, confirm: async () => true };
    const third = await rollout([fleet.play('v2')], options, fleet.context());
    expect(third.hosts.map(({ updated }) => updated)).toEqual([3]);
  });

  // prettier-ignore
  it.each([
    { bad: 'never answers',   behaviour: { neverAnswers: true },                          cause: /is not ready after 10 s: its healthcheck has not passed yet; http:\S+: refused/ },
    { bad: 'exits',           behaviour: { exitsAfterMs: 200 },                           cause: /exited and was restarted, exit status 1/ },
    { bad: 'turns unhealthy', behaviour: { neverAnswers: true, unhealthyAfterMs: 1_500 }, cause: /is unhealthy/ },
  ])('brings the old container back when the new one $bad', async ({ behaviour, cause }) => {
    const fleet = await FakeFleet.up();
    fleet.addImage('bad', behaviour);

    const result = await roll(fleet, fleet.play('bad'));

    expect(result.end).toBe('stopped');
    expect(result.hosts.map(({ end }) => end)).toEqual(['failed', 'notReached', 'notReached']);
    expect(result.hosts[0]?.reason).toMatch(cause);
    expect(fleet.images()).toEqual(allOn('v1'));
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toBe('drain replace check! rollBack check restore → unchanged');
  });

  it('drains and rolls back a container that falls over once it is in service', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.addImage('bad', { exitsAfterMs: 2_400 });

    const result = await roll(fleet, fleet.play('bad', { each: { soakMs: 5_000 } }));

    expect(result.end).toBe('someFailed');
    expect(stepsOf(fleet, 'fe1', 'pxApp_1')).toBe(
      'drain replace check restore soak! withdraw rollBack check restore → unchanged',
    );
    expect(fleet.isWhole()).toBe(true);
  });

  it('touches nothing when an image does not exist', async () => {
    const fleet = await FakeFleet.up();

    await expect(roll(fleet, fleet.play('nosuch'))).rejects.toMatchObject({ code: 'error' });

    expect(fleet.events.filter(({ type }) => type === 'problem')).toHaveLength(3);
    expect(fleet.events.filter(({ type }) => type === 'step-started')).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('touches nothing when one host cannot be reached', async () => {
    const fleet = await FakeFleet.up();
    const fe2 = await fleet.host('fe2');
    fe2.isUnreachable = true;

    await expect(roll(fleet, fleet.play('v2'))).rejects.toMatchObject({ code: 'unreachable' });

    expect(fleet.images()).toEqual(allOn('v1'));
    expect((await fleet.host('fe1')).lock.isFree).toBe(true);
  });

  it('touches nothing when another run holds one of the hosts, and lets go of the others', async () => {
    const fleet = await FakeFleet.up();
    const fe3 = await fleet.host('fe3');
    fe3.lock.heldBy(aLockOwner());

    await expect(roll(fleet, fleet.play('v2'))).rejects.toMatchObject({ code: 'locked' });

    expect(fleet.events).toContainEqual({
      type: 'problem',
      host: 'fe3',
      text: expect.stringMatching(/^Cannot lock fe3: it is held by bob@laptop, run \S+, pid 4711 on laptop/) as string,
    });
    expect((await fleet.host('fe1')).lock.isFree).toBe(true);
    expect(fe3.lock.owner).toEqual(aLockOwner());
  });

  it('refuses a play that would take a backend below its floor', async () => {
    const fleet = await FakeFleet.up();

    const play = fleet.play('v2', { each: { minUp: { servers: 3 } } });

    await expect(roll(fleet, play)).rejects.toMatchObject({ code: 'error' });
    expect(fleet.events.some((event) => event.type === 'problem' && event.text.includes('min_up asks for 3'))).toBe(
      true,
    );
  });

  it('lets the other hosts of a batch finish when one fails, then stops', async () => {
    const fleet = await FakeFleet.up();
    const play = fleet.play('v2', { serial: [{ hosts: 2 }] });
    const spoiled = {
      ...play,
      hosts: play.hosts.map((host) =>
        host.host === 'fe1'
          ? {
              ...host,
              instances: host.instances.map((one) => ({
                ...one,
                spec: { ...one.spec, image: 'registry.lab:5000/pxapp:bad' },
              })),
            }
          : host,
      ),
    };
    fleet.addImage('bad', { neverAnswers: true });

    const result = await roll(fleet, spoiled);

    expect(result.end).toBe('stopped');
    expect(result.hosts.map(({ host, end, updated }) => ({ host, end, updated }))).toEqual([
      { host: 'fe1', end: 'failed', updated: 0 },
      { host: 'fe2', end: 'updated', updated: 3 },
      { host: 'fe3', end: 'notReached', updated: 0 },
    ]);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('goes on past a failure that max_fail_percentage tolerates', async () => {
    const fleet = await FakeFleet.up();
    fleet.addImage('bad', { neverAnswers: true });
    const play = fleet.play('v2', { serial: [{ hosts: 2 }], maxFailPercentage: 50 });
    const [first, ...rest] = play.hosts;
    const bad = (first?.instances ?? []).map((one) => ({
      ...one,
      spec: { ...one.spec, image: 'registry.lab:5000/pxapp:bad' },
    }));

    const result = await roll(fleet, { ...play, hosts: [{ host: 'fe1', instances: bad }, ...rest] });

    expect(result.end).toBe('someFailed');
    expect(result.hosts.map(({ end }) => end)).toEqual(['failed', 'updated', 'updated']);
  });

  it('waits for requests in an old HAProxy worker when a reload comes during the drain', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    fe1.haproxy.open(8_000);
    fe1.haproxy.open(8_000);
    fe1.haproxy.open(8_000);
    const atMs = fleet.clock.now() + 1_000;
    let isReloaded = false;
    fleet.clock.onAdvance((nowMs) => {
      if (isReloaded || nowMs < atMs) return;
      isReloaded = true;
      fe1.haproxy.reload();
    });

    const result = await roll(fleet, fleet.play('v2'));

    expect(result.end).toBe('done');
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.events.some((event) => event.type === 'remark' && event.remark.about === 'balancer-reloaded')).toBe(
      true,
    );
  });

  it('puts the weight back when the drain does not end in time', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    for (let opened = 0; opened < 3; opened += 1) fe1.haproxy.open(60_000);

    const result = await roll(fleet, fleet.play('v2', { each: { drain: { timeoutMs: 5_000, onTimeout: 'fail' } } }));

    expect(result.end).toBe('someFailed');
    expect(result.hosts[0]?.reason).toBe(
      'Cannot drain pxapp_cluster/pxApp_1 on fe1: 1 request still in hand after 5 s (on_timeout: fail)',
    );
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('shuts sessions down at the drain timeout when the playbook says so', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    for (let opened = 0; opened < 3; opened += 1) fe1.haproxy.open(60_000);

    const drain = { timeoutMs: 5_000, onTimeout: 'shutdown_sessions' as const };
    const result = await roll(fleet, fleet.play('v2', { each: { drain } }));

    expect(result.end).toBe('done');
    // One long request on each server, and nothing else.
    expect(fleet.failures()).toHaveLength(3);
    expect(fleet.isWhole()).toBe(true);
  });

  it('keeps as many old containers as asked, stopped and not restarted by the Engine', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await roll(fleet, fleet.play('v2', { each: { keep: 1 } }));

    const old = await (await fleet.host('fe1')).containers.inspect('pxApp_1.replaced-20261121-090000-test');

    expect(old).toMatchObject({
      running: false,
      restart: { name: 'no' },
      image: { reference: 'registry.lab:5000/pxapp:v1' },
    });
  });

  it('leaves a server that was out of service before as it was, with the new container behind it', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    const [backend] = await fe1.haproxy.backends();
    const server = backend?.servers[1]?.server;
    if (!server) throw new Error('there are three servers');
    await fe1.haproxy.setAdmin(server, 'maint');

    const result = await roll(fleet, fleet.play('v2'));

    expect(result.end).toBe('done');
    expect(fe1.haproxy.weights()['pxApp_2']).toMatch(/^20 maint/);
    expect(fe1.containers.imageOf('pxApp_2')).toBe('registry.lab:5000/pxapp:v2');
  });
});
