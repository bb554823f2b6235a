import { describe, expect, it } from 'vitest';
import { FakeFleet, IMAGE, type FakeHost } from '../support/fake-fleet.ts';
import { changed } from '../support/changed.ts';
import { allOn, fe1Of, roll, rollBack, RUN } from '../support/rollback.ts';

const never = new AbortController().signal;

describe('a rollback', () => {
  it('is of the very image, also when its name means another one by now', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    fleet.addImage('v1', {});
    const { containers } = await fe1Of(fleet);
    const moved = { ...fleet.registry.get(`${IMAGE}:v1`), id: 'sha256:id-other', digests: ['sha256:digest-other'] };
    const old = fleet.registry.get(`${IMAGE}:v1`);
    if (!old) throw new Error('there is a v1');
    fleet.registry.set(`${IMAGE}:old`, old);
    fleet.registry.set(`${IMAGE}:v1`, { ...old, ...moved });
    await containers.pull({ reference: `${IMAGE}:v1` });

    const result = await rollBack(fleet, plans);

    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 3 }] });
    expect((await containers.inspect('pxApp_1'))?.image.id).toBe('sha256:id-v1');
  });

  it('fetches an image that has been pruned, by its digest', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    (await fe1Of(fleet)).containers.removeImage(`${IMAGE}:v1`);

    const result = await rollBack(fleet, plans);

    expect(result.end).toBe('done');
    expect(fleet.failures()).toEqual([]);
    expect((await (await fe1Of(fleet)).containers.inspect('pxApp_1'))?.image.id).toBe('sha256:id-v1');
  });

  it('touches nothing when an image can be had nowhere any more', async () => {
    const fleet = await FakeFleet.up();
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    (await fleet.host('fe2')).containers.removeImage(`${IMAGE}:v1`);
    fleet.registry.delete(`${IMAGE}:v1`);

    await expect(rollBack(fleet, plans)).rejects.toThrow('nothing was touched');

    expect(fleet.images()).toEqual(allOn('v2'));
    expect(fleet.events).toContainEqual(
      expect.objectContaining({
        type: 'problem',
        host: 'fe2',
        text: expect.stringContaining('is not on the host any more and cannot be pulled') as unknown,
      }),
    );
  });

  it('touches nothing when what was in the old container can be had nowhere any more', async () => {
    const fleet = await FakeFleet.up();
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    const why = 'no container on the host has its /run/secrets/db any more';
    (await fleet.host('fe2')).containers.lostOf = async () => why;

    await expect(rollBack(fleet, plans)).rejects.toThrow('nothing was touched');

    expect(fleet.images()).toEqual(allOn('v2'));
    expect(fleet.events).toContainEqual({ type: 'problem', host: 'fe2', text: `pxApp_1 cannot go back: ${why}` });
  });

  it('touches nothing when a host has forgotten the run', async () => {
    const fleet = await FakeFleet.up();
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    const { archive } = await fleet.host('fe2');
    for (let run = 0; run < 5; run += 1) await archive.save(`20261122-00000${run}`, 'pxApp_1', undefined);

    await expect(rollBack(fleet, plans)).rejects.toThrow('nothing was touched');

    expect(fleet.images()).toEqual(allOn('v2'));
    expect(fleet.events).toContainEqual(
      expect.objectContaining({
        type: 'problem',
        host: 'fe2',
        text: expect.stringContaining('The archive has nothing of pxApp_1') as unknown,
      }),
    );
  });

  it.each([
    {
      what: 'replaced',
      says: 'is not the container that run',
      change: async ({ containers }: FakeHost) => {
        await containers.remove('pxApp_2');
        await containers.create('pxApp_2', { image: `${IMAGE}:v2`, pullPolicy: 'never', user: '1' }, undefined);
        await containers.start('pxApp_2');
      },
    },
    {
      what: 'removed',
      says: 'is gone: somebody has removed it since',
      change: async ({ containers }: FakeHost) => containers.remove('pxApp_2'),
    },
  ])('stops before what somebody has $what since, unless forced', async ({ change, says }) => {
    const fleet = await FakeFleet.up(['fe1']);
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    await change(await fe1Of(fleet));
    await fleet.clock.sleep(5_000, never);

    await expect(rollBack(fleet, plans)).rejects.toThrow('nothing was touched');
    expect(fleet.events).toContainEqual(
      expect.objectContaining({ type: 'problem', host: 'fe1', text: expect.stringContaining(says) as unknown }),
    );

    const forced = await rollBack(fleet, plans, true);
    expect(forced).toMatchObject({ end: 'done', hosts: [{ updated: 3 }] });
    expect(fleet.images()).toEqual(allOn('v1').slice(0, 3));
    expect(fleet.isWhole()).toBe(true);
  });
});

describe('a rollback to a version that does not pass the "ready" of its successor', () => {
  /** v1 has no answer to the question that the playbook of v2 asks. */
  async function rolled(lastCheck: string) {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fe1Of(fleet);
    const probe = fe1.probe.bind(fe1);
    fe1.probe = async (asked) => {
      const container = await fe1.containers.inspect('pxApp_1');
      const isNew = container?.image.reference.endsWith(':v2') === true;
      return isNew || !('url' in asked) || !asked.url.includes(':8081') ? probe(asked) : { ok: false, why: '404' };
    };
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    const balancer = changed(fe1.haproxy, {
      backends: async (name) =>
        (await fe1.haproxy.backends(name)).map((one) => ({
          ...one,
          servers: one.servers.map((state) => ({ ...state, lastCheck })),
        })),
    });
    fe1.balancer = () => balancer;
    const warnings = (): readonly string[] =>
      fleet.events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
    return { fleet, plans, warnings };
  }
  const what = `pxApp_1 did not pass "ready" when run ${RUN} found it`;

  it('goes by the check of HAProxy, and says so', async () => {
    const { fleet, plans, warnings } = await rolled('L7OK/200');

    const result = await rollBack(fleet, plans);

    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 3 }] });
    expect(fleet.images()).toEqual(allOn('v1').slice(0, 3));
    expect(fleet.failures()).toEqual([]);
    expect(warnings()).toContain(`${what}: HAProxy's check is to prove it`);
  });

  it('says that it may fail where nothing else proves it', async () => {
    const { fleet, plans, warnings } = await rolled('L4OK');

    const result = await rollBack(fleet, plans);

    expect(result.end).not.toBe('done');
    expect(fleet.failures()).toEqual([]);
    expect(warnings()).toContain(`${what}: it may not pass now, and would not stay`);
  });
});
