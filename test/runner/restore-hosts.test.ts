import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { AdminState } from '../../src/rollout/model.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import { restoreHosts } from '../../src/runner/recovery/restore-hosts.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { aLockOwner, aServer } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, WEIGHTS } from '../support/fake-fleet.ts';

interface Taken {
  readonly weight?: number;
  readonly admin?: AdminState;
  readonly host?: string;
  readonly wasUp?: boolean;
}

/** Takes a server out as `sluice drain` does, and records that it stood so before. */
async function take(
  fleet: FakeFleet,
  name: string,
  { weight, admin = 'ready', host = 'fe1', wasUp = admin === 'ready' }: Taken = {},
): Promise<void> {
  const server = aServer(name, host);
  const fe = await fleet.host(host);
  const entry: RecordEntry = {
    ...{ kind: 'drain', server, standing: { weight: weight ?? WEIGHTS.get(name) ?? 0, admin }, wasUp },
    ...{ by: 'bob@laptop', note: 'disk swap', at: '2026-11-21T08:00:00Z', run: 'earlier' },
  };
  fe.entries = [...fe.entries, entry];
  await fe.haproxy.setWeight(server, 0);
  await fe.haproxy.setAdmin(server, 'maint');
}

function restore(fleet: FakeFleet, hosts = ['fe1'], servers: readonly string[] = []): Promise<RunResult> {
  return restoreHosts({ hosts, servers }, fleet.context());
}

describe('restoreHosts()', () => {
  it('puts every recorded server back at its weight, and says so', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_1');
    await take(fleet, 'pxApp_3');

    const result = await restore(fleet);

    expect(result.end).toBe('done');
    expect(result.hosts).toMatchObject([{ host: 'fe1', end: 'updated', updated: 2, outOfService: 0, reason: '' }]);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
    const outcomes = fleet.events.flatMap((event) =>
      event.type === 'step-ended' ? [`${event.subject.name}: ${event.outcome}`] : [],
    );
    expect(outcomes.toSorted()).toEqual([
      'pxapp_cluster/pxApp_1: UP, weight 10',
      'pxapp_cluster/pxApp_3: UP, weight 30',
    ]);
  });

  it('gives a server the weight of a new configuration where its algorithm takes no other, and says so', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { haproxy } = await fleet.host('fe1');
    haproxy.weightsAre = 'fixed';
    haproxy.reload({ weights: { pxApp_1: 15 } });
    await take(fleet, 'pxApp_1');

    const result = await restore(fleet);

    expect(result.end).toBe('done');
    expect(haproxy.weights()['pxApp_1']).toBe('15 ready UP');
    expect(fleet.events).toContainEqual(
      expect.objectContaining({
        remark: expect.objectContaining({ about: 'fixed-weight', weight: 10, to: 15 }) as object,
      }),
    );
    expect(fleet.events).toContainEqual(expect.objectContaining({ outcome: 'UP, weight 15' }));
  });

  it('counts what is back as restored, also when there is no room to clear its record', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_1');
    await take(fleet, 'pxApp_3');
    const fe1 = await fleet.host('fe1');
    fe1.record.write = () => Promise.reject(new Failure('error', 'no space left on device'));

    const result = await restore(fleet, ['fe1'], ['pxApp_1']);

    expect(result.hosts).toMatchObject([{ host: 'fe1', end: 'updated', updated: 1, outOfService: 0 }]);
    expect(fleet.events).toContainEqual({
      ...{ type: 'warning', host: 'fe1' },
      text: 'The undo record stays behind: no space left on device: see to it with "sluice restore fe1"',
    });
    expect(fe1.entries).toHaveLength(2);
  });

  it('has nothing to do where nothing is recorded', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await restore(fleet);

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'nothingToDo', updated: 0 }] });
    expect(fleet.events.filter(({ type }) => type === 'step-started')).toEqual([]);
  });

  it.each(['pxApp_2', 'pxapp_cluster/pxApp_2'])('puts back only %s when that is asked for', async (server) => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_1');
    await take(fleet, 'pxApp_2');

    await restore(fleet, ['fe1'], [server]);

    const fe1 = await fleet.host('fe1');
    expect(fe1.haproxy.weights()).toMatchObject({
      pxApp_1: expect.stringContaining('0 maint') as unknown,
      pxApp_2: '20 ready UP',
    });
    expect(fe1.entries.map((entry) => entry.server.name)).toEqual(['pxApp_1']);
  });

  it('knows of a server it was asked for only what is recorded', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_1');

    await expect(restore(fleet, ['fe1'], ['pxApp_1', 'pxApp_2'])).rejects.toMatchObject({
      code: 'config',
      message: 'Cannot restore pxApp_2: no record of it on these hosts; recorded: pxapp_cluster/pxApp_1',
    });

    expect((await fleet.host('fe1')).entries).toHaveLength(1);
  });

  it('does not wait for a server to come UP that was not when it was taken out', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await take(fleet, 'pxApp_2', { wasUp: false });
    await fe1.containers.stop('pxApp_2');

    const result = await restore(fleet);

    expect(result.end).toBe('done');
    expect(fe1.haproxy.weights()['pxApp_2']).toBe('20 ready DOWN');
    expect(fe1.entries).toEqual([]);
  });

  it('forgets a server that HAProxy does not have any more, and says so', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await take(fleet, 'pxApp_2');
    const server = aServer('gone');
    fe1.entries = [...fe1.entries.map((entry) => ({ ...entry, server }))];

    const result = await restore(fleet);

    expect(result.end).toBe('done');
    expect(fe1.entries).toEqual([]);
    expect(fleet.events).toContainEqual(expect.objectContaining({ remark: { about: 'gone', server } }));
  });

  // prettier-ignore
  it.each<{ weight: number; admin: AdminState; becomes: RegExp }>([
    { weight: 0,   admin: 'ready', becomes: /^0 ready/ },
    { weight: 256, admin: 'ready', becomes: /^256 ready UP/ },
    { weight: 20,  admin: 'maint', becomes: /^20 maint/ },
    { weight: 20,  admin: 'drain', becomes: /^20 drain/ },
    { weight: 0,   admin: 'drain', becomes: /^0 drain/ },
  ])('puts back weight $weight and $admin, which is how the server stood', async ({ weight, admin, becomes }) => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_2', { weight, admin });

    const result = await restore(fleet);

    expect(result.end).toBe('done');
    const fe1 = await fleet.host('fe1');
    expect(fe1.haproxy.weights()['pxApp_2']).toMatch(becomes);
    expect(fe1.entries).toEqual([]);
  });

  it('puts the weight back while a reload of HAProxy undoes it', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    await take(fleet, 'pxApp_2', { weight: 7 });
    let isReloaded = false;
    const startedMs = fleet.clock.now();
    fleet.clock.onAdvance((nowMs) => {
      if (isReloaded || nowMs < startedMs + 300) return;
      isReloaded = true;
      fe1.haproxy.reload();
    });

    await restore(fleet);

    expect(isReloaded).toBe(true);
    expect(fe1.haproxy.weights()['pxApp_2']).toBe('7 ready UP');
  });

  it('leaves a server that does not come UP recorded, with the reason, and puts the others back', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_1');
    await take(fleet, 'pxApp_2');
    const fe1 = await fleet.host('fe1');
    await fe1.containers.stop('pxApp_2');

    const result = await restore(fleet);

    expect(result.end).toBe('outOfService');
    expect(result.hosts).toMatchObject([{ end: 'outOfService', updated: 1, outOfService: 1 }]);
    expect(result.hosts[0]?.reason).toMatch(/^HAProxy on fe1 does not see pxapp_cluster\/pxApp_2 UP after 60 s: DOWN/);
    expect(fe1.entries.map(({ server }) => server.name)).toEqual(['pxApp_2']);
    expect(fe1.haproxy.weights()).toMatchObject({ pxApp_1: '10 ready UP', pxApp_2: '20 ready DOWN' });
  });

  it('puts back the servers of all hosts, each from its own record', async () => {
    const fleet = await FakeFleet.up();
    await take(fleet, 'pxApp_1', { host: 'fe1' });
    await take(fleet, 'pxApp_2', { host: 'fe3' });

    const result = await restore(fleet, ['fe1', 'fe2', 'fe3']);

    expect(result.hosts.map(({ host, end }) => `${host} ${end}`)).toEqual([
      'fe1 updated',
      'fe2 nothingToDo',
      'fe3 updated',
    ]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('touches nothing when another run holds one of the hosts', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    await take(fleet, 'pxApp_1');
    (await fleet.host('fe2')).lock.heldBy(aLockOwner());

    await expect(restore(fleet, ['fe1', 'fe2'])).rejects.toMatchObject({ code: 'locked' });

    const fe1 = await fleet.host('fe1');
    expect(fe1.entries).toHaveLength(1);
    expect(fe1.haproxy.weights()['pxApp_1']).toMatch(/^0 maint/);
    expect(fe1.lock.isFree).toBe(true);
  });

  it('leaves what a rollout has left in work alone, puts back what was drained, and says what to do', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_1');
    await take(fleet, 'pxApp_2');
    const fe1 = await fleet.host('fe1');
    fe1.entries = fe1.entries.map((entry) => (entry.server.name === 'pxApp_2' ? { ...entry, kind: 'rollout' } : entry));

    const result = await restore(fleet);

    const why =
      'pxapp_cluster/pxApp_2 was left in work by bob@laptop at 2026-11-21T08:00:00Z ("disk swap"): see to it with "sluice recover fe1"';
    expect(result).toMatchObject({
      end: 'outOfService',
      hosts: [{ end: 'outOfService', updated: 1, outOfService: 1, reason: why }],
    });
    expect(fleet.events).toContainEqual({ type: 'warning', host: 'fe1', text: why });
    expect(fe1.haproxy.weights()).toMatchObject({ pxApp_1: '10 ready UP', pxApp_2: '0 maint UP' });
    expect(fe1.entries.map(({ server }) => server.name)).toEqual(['pxApp_2']);
  });

  it('refuses a server that a rollout has left in work, and touches nothing', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_2');
    const fe1 = await fleet.host('fe1');
    fe1.entries = fe1.entries.map((entry) => ({ ...entry, kind: 'rollout' }));

    await expect(restore(fleet, ['fe1'], ['pxApp_2'])).rejects.toMatchObject({
      code: 'error',
      message: expect.stringMatching(/^Cannot restore it on fe1: .* see to it with "sluice recover fe1"$/) as unknown,
    });

    expect(fe1.haproxy.weights()['pxApp_2']).toMatch(/^0 maint/);
  });

  it('lets go of the hosts when something unforeseen happens', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_2');
    const fe1 = await fleet.host('fe1');
    const bug = new TypeError('a bug');
    const broken = changed(fe1, { balancer: () => changed(fe1.haproxy, { backends: () => Promise.reject(bug) }) });
    const odd = changed(fleet, { host: async () => broken });

    await expect(restoreHosts({ hosts: ['fe1'], servers: [] }, { ...fleet.context(), fleet: odd })).rejects.toBe(bug);

    expect(fe1.lock.isFree).toBe(true);
    expect(fe1.entries).toHaveLength(1);
  });

  it('keeps the record of what it could not reach', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await take(fleet, 'pxApp_2');
    const fe1 = await fleet.host('fe1');
    const lost = new Failure('unreachable', 'Cannot reach fe1: lost');
    const broken = changed(fe1, { balancer: () => changed(fe1.haproxy, { look: () => Promise.reject(lost) }) });
    const odd = changed(fleet, { host: async () => broken });

    const result = await restoreHosts({ hosts: ['fe1'], servers: [] }, { ...fleet.context(), fleet: odd });

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ reason: 'Cannot reach fe1: lost' }] });
    expect(fe1.entries).toHaveLength(1);
  });
});
