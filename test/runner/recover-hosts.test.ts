import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import type { RunResult } from '../../src/runner/run.ts';
import { aServer } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet, WEIGHTS } from '../support/fake-fleet.ts';

/** Takes a server out and records it, as a rollout does when it begins with its container. */
async function leave(fleet: FakeFleet, name: string, over: Partial<RecordEntry> = {}): Promise<void> {
  const server = aServer(name);
  const fe1 = await fleet.host('fe1');
  const old = await fe1.containers.inspect(name);
  const entry: RecordEntry = {
    ...{ kind: 'rollout', server, standing: { weight: WEIGHTS.get(name) ?? 0, admin: 'ready' }, wasUp: true },
    ...{ by: 'bob@laptop', note: '', at: '2026-11-21T08:00:00Z', run: 'earlier' },
    ...{ container: name, aside: `${name}.replaced-earlier` },
    old: old && { id: old.id, restart: old.restart, running: true, wasReady: true },
    ...over,
  };
  fe1.entries = [...fe1.entries, entry];
  await fe1.haproxy.setWeight(server, 0);
  await fe1.haproxy.setAdmin(server, 'maint');
}

function recover(fleet: FakeFleet): Promise<RunResult> {
  return recoverHosts({ hosts: ['fe1'] }, fleet.context());
}

describe('recoverHosts()', () => {
  it('brings every instance left in work back, and counts them', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await leave(fleet, 'pxApp_1');
    await leave(fleet, 'pxApp_3');

    const result = await recover(fleet);

    expect(result).toMatchObject({
      end: 'done',
      hosts: [{ host: 'fe1', end: 'updated', updated: 2, outOfService: 0 }],
    });
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('has nothing to do where nothing is left, and leaves alone what was drained on purpose', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await leave(fleet, 'pxApp_2', { kind: 'drain' });

    const result = await recover(fleet);

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'nothingToDo', updated: 0 }] });
    const fe1 = await fleet.host('fe1');
    expect(fe1.entries).toHaveLength(1);
    expect(fe1.haproxy.weights()['pxApp_2']).toMatch(/^0 maint/);
  });

  it('leaves an instance recorded whose container is gone, says why, and finishes the others', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await leave(fleet, 'pxApp_2');
    await leave(fleet, 'pxApp_3');
    const fe1 = await fleet.host('fe1');
    await fe1.containers.remove('pxApp_2');

    const result = await recover(fleet);

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ updated: 1, outOfService: 1 }] });
    expect(result.hosts[0]?.reason).toBe(
      'Cannot bring back pxApp_2 on fe1: its old container is gone, and there is no new one',
    );
    expect(fe1.entries.map(({ server }) => server.name)).toEqual(['pxApp_2']);
    expect(fe1.haproxy.weights()['pxApp_3']).toBe('30 ready UP');
  });

  it('cannot finish an instance whose record names no container', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await leave(fleet, 'pxApp_2', { container: undefined });

    const result = await recover(fleet);

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ reason: 'the undo record names no container' }] });
    expect((await fleet.host('fe1')).entries).toHaveLength(1);
  });

  it('forgets a server that HAProxy has no more, and brings the container back all the same', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const server = aServer('gone');
    await leave(fleet, 'pxApp_2');
    const fe1 = await fleet.host('fe1');
    const [entry] = fe1.entries;
    fe1.entries = entry ? [entry, { ...entry, server }] : [];

    const result = await recover(fleet);

    expect(result.end).toBe('done');
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.events).toContainEqual(expect.objectContaining({ remark: { about: 'gone', server } }));
  });

  it('looks again while the host does not answer, for a minute', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    await leave(fleet, 'pxApp_2');
    const fe1 = await fleet.host('fe1');
    const lost = new Failure('unreachable', 'Cannot reach fe1: lost');
    let answersFromMs = fleet.clock.now() + 20_000;
    const balancer = changed(fe1.haproxy, {
      backends: (name) => (fleet.clock.now() < answersFromMs ? Promise.reject(lost) : fe1.haproxy.backends(name)),
    });
    const odd = changed(fleet, { host: async () => changed(fe1, { balancer: () => balancer }) });

    const result = await recoverHosts({ hosts: ['fe1'] }, { ...fleet.context(), fleet: odd });
    expect(result.end).toBe('done');
    expect(fleet.isWhole()).toBe(true);

    await leave(fleet, 'pxApp_2');
    answersFromMs = Infinity;
    const never = await recoverHosts({ hosts: ['fe1'] }, { ...fleet.context(), fleet: odd });
    expect(never).toMatchObject({ end: 'outOfService', hosts: [{ reason: 'Cannot reach fe1: lost' }] });
    expect(fe1.entries).toHaveLength(1);
  });
});
