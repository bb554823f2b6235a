import { describe, expect, it } from 'vitest';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { FakeFleet, IMAGE, WEIGHTS } from '../support/fake-fleet.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';
import { allOn, backContext, fe1Of, playsBack, roll, rollBack, RUN, snapshots } from '../support/rollback.ts';

const never = new AbortController().signal;

describe('a rollback', () => {
  it('brings back the images and settings that the run found, fails no request and keeps every weight', async () => {
    const fleet = await FakeFleet.up();
    const before = await snapshots(fleet);
    const { plans } = await roll(
      [fleet.play('v2', { each: { spec: { image: `${IMAGE}:v2`, pullPolicy: 'always', user: '7' } } })],
      fleet.context(),
    );
    expect(fleet.images()).toEqual(allOn('v2'));

    const result = await rollBack(fleet, plans);

    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 3 }, { updated: 3 }, { updated: 3 }] });
    expect(fleet.images()).toEqual(allOn('v1'));
    expect(await snapshots(fleet)).toEqual(before);
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
  });

  it('goes through hosts and instances in reverse, in batches as large as those of the run', async () => {
    const fleet = await FakeFleet.up();
    const { plans } = await roll([fleet.play('v2', { serial: [{ hosts: 1 }, { hosts: 2 }] })], fleet.context());

    const back = playsBack(fleet, plans);

    expect(back).toMatchObject([{ serial: [{ hosts: 1 }, { hosts: 2 }], maxFailPercentage: 0 }]);
    expect(back[0]?.hosts.map(({ host }) => host)).toEqual(['fe3', 'fe2', 'fe1']);
    expect(back[0]?.hosts[0]?.instances.map(({ container }) => container)).toEqual(['pxApp_3', 'pxApp_2', 'pxApp_1']);
  });

  it('goes as its play says, unless the command line does', async () => {
    const fleet = await FakeFleet.up();
    const back = { serial: [{ hosts: 2 }], pauseMs: 5000, onFailure: 'continue', maxFailures: { hosts: 1 } } as const;
    const { plans } = await roll([{ ...fleet.play('v2', { serial: [{ hosts: 1 }] }), back }], fleet.context());

    const policy = { pause: 5000, onFailure: 'continue', maxFailures: { hosts: 1 } };
    expect(playsBack(fleet, plans)).toMatchObject([{ serial: back.serial, maxFailPercentage: undefined, policy }]);
    expect(playsBack(fleet, plans, [{ hosts: 3 }])).toMatchObject([{ serial: [{ hosts: 3 }], policy }]);
  });

  it('takes back only what the run has changed', async () => {
    const fleet = await FakeFleet.up();
    const { plans } = await roll(
      [fleet.play('v2', { serial: [{ hosts: 1 }] })],
      fleet.context((event) => {
        if (event.type === 'batch-ended' && event.number === 1) fleet.stop(1);
      }),
    );
    expect(fleet.images().filter((one) => one.endsWith('v2'))).toHaveLength(3);
    expect(playsBack(fleet, plans).flatMap(({ hosts }) => hosts.map(({ host }) => host))).toEqual(['fe1']);
  });

  it('has nothing to do the second time', async () => {
    const fleet = await FakeFleet.up();
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    await rollBack(fleet, plans);

    const second = await rollBack(fleet, plans);

    expect(second.hosts.map(({ end, left }) => ({ end, left }))).toEqual(
      Array(3).fill({ end: 'nothingToDo', left: 3 }),
    );
  });

  it('takes back once, to what was found first, what two plays have changed in turn', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.addImage('v3', {});
    const { plans } = await roll([fleet.play('v2'), fleet.play('v3')], fleet.context());

    const back = playsBack(fleet, plans);
    const { result } = await roll(back, backContext(fleet));

    expect(back).toHaveLength(1);
    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 3 }] });
    expect(fleet.images()).toEqual(allOn('v1').slice(0, 3));
  });

  it('removes what the run has created, and leaves the server as it was found', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fe1Of(fleet);
    await fe1.containers.remove('pxApp_2');
    await fleet.clock.sleep(5_000, never);
    const before = fe1.haproxy.weights();
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    expect(fe1.containers.names()).toEqual([...WEIGHTS.keys()]);
    fe1.haproxy.failures.length = 0;

    const result = await rollBack(fleet, plans);

    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 3 }] });
    await fleet.clock.sleep(5_000, never);
    expect(fe1.containers.names()).toEqual(['pxApp_1', 'pxApp_3']);
    expect(fe1.haproxy.weights()).toEqual(before);
    expect(fe1.entries).toEqual([]);
    expect(fleet.failures()).toEqual([]);
    expect(await rollBack(fleet, plans)).toMatchObject({ hosts: [{ end: 'nothingToDo', left: 3 }] });
  });

  it('puts the new version back where the old one fails by now, and stops there', async () => {
    const fleet = await FakeFleet.up();
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    for (const name of ['fe1', 'fe2', 'fe3']) (await fleet.host(name)).containers.removeImage(`${IMAGE}:v1`);
    fleet.addImage('v1', { neverAnswers: true });

    const result = await rollBack(fleet, plans);

    expect(result).toMatchObject({
      end: 'stopped',
      hosts: [{ host: 'fe3', end: 'failed', unchanged: 1 }, { end: 'notReached' }, { end: 'notReached' }],
    });
    expect(fleet.images()).toEqual(allOn('v2'));
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
  });

  it('needs an old container in which alone something is: that is kept until the next run', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { containers } = await fe1Of(fleet);
    const old = `pxApp_1.replaced-${RUN}`;
    containers.holdsAlone = async (name) => name === old;
    const { plans } = await roll([fleet.play('v2')], fleet.context());
    expect(containers.names().filter((name) => name.includes('.replaced-'))).toEqual([old]);

    await rollBack(fleet, plans);

    expect(containers.names()).toEqual([...WEIGHTS.keys()]);
  });

  it('saves nothing to roll back itself', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const { plans } = await roll([fleet.play('v2')], fleet.context());

    await rollBack(fleet, plans);

    expect(await (await fe1Of(fleet)).archive.runs()).toEqual([RUN]);
  });

  it('that is killed at any of its changes is finished by recover and a second rollback', async () => {
    let killed = 0;
    for (let at = 0; ; at += 1) {
      const fleet = await FakeFleet.up(['fe1']);
      const { plans } = await roll([fleet.play('v2')], fleet.context());
      const mortal = new MortalFleet(fleet, at);
      const first = roll(playsBack(fleet, plans), mortal.context(backContext(fleet)));
      const how = await Promise.race([mortal.death.then(() => 'killed'), first.then(() => 'ended')]);
      if (how === 'ended') break;
      killed += 1;
      await fleet.clock.sleep(3_000, never);

      expect((await recoverHosts({ hosts: ['fe1'] }, backContext(fleet))).end).toBe('done');
      const second = await roll(playsBack(fleet, plans), {
        ...backContext(fleet),
        identity: { run: '20261121-110000-back', by: 'bob@desk' },
      });

      expect({ at, end: second.result.end }).toEqual({ at, end: 'done' });
      expect(fleet.images()).toEqual(allOn('v1').slice(0, 3));
      expect(fleet.isWhole()).toBe(true);
      expect(fleet.failures()).toEqual([]);
    }
    expect(killed).toBeGreaterThan(20);
  });
});
