import { describe, expect, it } from 'vitest';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';
import { allWith, ASIDE, containersOf, fleetWith, SECOND, secondOnly } from '../support/second-instance.ts';

const never = new AbortController().signal;

/** Rolls the second container of fe1 out, in a process that dies when it is about to make this change. */
async function diesAt(
  fleet: FakeFleet,
  atChange: number,
  each: Parameters<FakeFleet['play']>[1] = {},
): Promise<string> {
  const mortal = new MortalFleet(fleet, atChange);
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };
  const ended = rollout([secondOnly(fleet, each)], options, mortal.context(fleet.context()));
  const change = await Promise.race([mortal.death, ended.then(() => 'nothing')]);
  // The world goes on without it.
  await fleet.clock.sleep(3_000, never);
  return change;
}

async function recover(fleet: FakeFleet): ReturnType<typeof recoverHosts> {
  return recoverHosts({ hosts: ['fe1'] }, fleet.context());
}

async function expectWhole(fleet: FakeFleet, tag: string): Promise<void> {
  expect(await containersOf(fleet)).toEqual(allWith(tag));
  expect((await fleet.host('fe1')).entries).toEqual([]);
  expect(fleet.isWhole()).toBe(true);
  expect(fleet.failures()).toEqual([]);
  expect((await fleet.host('fe1')).lock.isFree).toBe(true);
}

interface Death {
  readonly at: number;
  readonly before: string;
  /** What the dead run left, where it is not simply the old container in its place. */
  readonly leaves?: readonly string[];
}

const others = ['pxApp_1 v1', 'pxApp_3 v1'];

describe('recoverHosts() after a rollout that was killed', () => {
  // prettier-ignore
  it.each<Death>([
    { at: 0,  before: 'write' },
    { at: 1,  before: 'setWeight' },
    { at: 2,  before: 'setAdmin' },
    { at: 3,  before: 'save' },
    { at: 4,  before: 'setRestart' },
    { at: 5,  before: 'rename',              leaves: [`${SECOND} v1 restart no`] },
    { at: 6,  before: 'stop',                leaves: [`${ASIDE} restart no`] },
    { at: 7,  before: 'create',              leaves: [`${ASIDE} stopped restart no`] },
    { at: 8,  before: 'noteMade',            leaves: [`${SECOND} next stopped`, `${ASIDE} stopped restart no`] },
    { at: 9,  before: 'start',               leaves: [`${SECOND} next stopped`, `${ASIDE} stopped restart no`] },
    { at: 10, before: 'setWeight',           leaves: [`${SECOND} next`, `${ASIDE} stopped restart no`] },
    { at: 11, before: 'setReadyWhenProven',  leaves: [`${SECOND} next`, `${ASIDE} stopped restart no`] },
    { at: 12, before: 'remove',              leaves: [`${SECOND} next`, `${ASIDE} stopped restart no`] },
  ])('before its change $at, $before, ends with one container and every weight exact', async (death) => {
    const { at, before, leaves = [`${SECOND} v1`] } = death;
    const fleet = await fleetWith({});
    expect(await diesAt(fleet, at)).toBe(before);
    expect(await containersOf(fleet)).toEqual([...others, ...leaves].toSorted());

    const result = await recover(fleet);

    expect(result.hosts[0]?.reason).toBe('');
    expect(result.end).toBe('done');
    await expectWhole(fleet, 'v1');
  });

  it('before it forgets an instance whose old container is gone, ends with the new one, which had proved itself', async () => {
    const fleet = await fleetWith({});
    expect(await diesAt(fleet, 13)).toBe('write');
    expect(await containersOf(fleet)).toEqual(allWith('next'));

    const result = await recover(fleet);

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated', updated: 1 }] });
    await expectWhole(fleet, 'next');
  });

  it('has nothing else to change in a rollout than what is listed above', async () => {
    const fleet = await fleetWith({});

    expect(await diesAt(fleet, 14)).toBe('nothing');
    await expectWhole(fleet, 'next');
  });

  // prettier-ignore
  it.each<Death>([
    { at: 10, before: 'stop',                leaves: [`${SECOND} next`, `${ASIDE} stopped restart no`] },
    { at: 11, before: 'remove',              leaves: [`${SECOND} next stopped`, `${ASIDE} stopped restart no`] },
    { at: 12, before: 'rename',              leaves: [`${ASIDE} stopped restart no`] },
    { at: 13, before: 'setRestart',          leaves: [`${SECOND} v1 stopped restart no`] },
    { at: 14, before: 'start',               leaves: [`${SECOND} v1 stopped`] },
    { at: 15, before: 'setWeight' },
    { at: 16, before: 'setReadyWhenProven' },
    { at: 17, before: 'write' },
  ])('on its way home, before its change $at, $before, ends with the old container', async ({ at, before, leaves = [`${SECOND} v1`] }) => {
    const fleet = await fleetWith({ neverAnswers: true });
    expect(await diesAt(fleet, at)).toBe(before);
    expect(await containersOf(fleet)).toEqual([...others, ...leaves].toSorted());

    const result = await recover(fleet);

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated', reason: '' }] });
    await expectWhole(fleet, 'v1');
  });

  // prettier-ignore
  it.each([
    { at: 12, before: 'setWeight' },
    { at: 13, before: 'setAdmin' },
    { at: 14, before: 'stop' },
  ])('while it withdraws what fell over in service, before $before, ends with the old container', async ({ at, before }) => {
    const fleet = await fleetWith({ exitsAfterMs: 2_400 });
    expect(await diesAt(fleet, at, { each: { soakMs: 5_000 } })).toBe(before);

    const result = await recover(fleet);

    expect(result.end).toBe('done');
    expect(await containersOf(fleet)).toEqual(allWith('v1'));
    expect(fleet.isWhole()).toBe(true);
  });

  it('and an HAProxy that was reloaded since ends with every weight exact', async () => {
    for (const at of [2, 6, 8, 10, 12]) {
      const fleet = await fleetWith({});
      await diesAt(fleet, at);
      (await fleet.host('fe1')).haproxy.reload();

      const result = await recover(fleet);

      expect(result.end).toBe('done');
      expect(await containersOf(fleet)).toEqual(allWith('v1'));
      expect(fleet.isWhole()).toBe(true);
    }
  });

  it('ends in the same way when the recovery is killed too, at any of its changes', async () => {
    for (let at = 0; at < 9; at += 1) {
      const fleet = await fleetWith({});
      await diesAt(fleet, 10);
      const mortal = new MortalFleet(fleet, at);
      const first = recoverHosts({ hosts: ['fe1'] }, mortal.context(fleet.context()));
      const how = await Promise.race([mortal.death.then(() => 'killed'), first.then(() => 'ended')]);
      await fleet.clock.sleep(1_000, never);

      const result = await recover(fleet);

      expect({ at, how, end: result.end }).toEqual({ at, how: 'killed', end: 'done' });
      await expectWhole(fleet, 'v1');
    }
  });

  it('of an instance that was DOWN before leaves it as it was, and nothing recorded', async () => {
    for (const at of [1, 2, 6, 9, 10]) {
      const fleet = await fleetWith({});
      const fe1 = await fleet.host('fe1');
      fleet.addImage('sick', { neverAnswers: true });
      await fe1.containers.remove(SECOND);
      await fe1.containers.create(SECOND, { image: `${IMAGE}:sick`, pullPolicy: 'never' }, undefined);
      await fe1.containers.start(SECOND);
      await fleet.clock.sleep(3_000, never);
      await diesAt(fleet, at);

      const result = await recover(fleet);

      expect({ at, end: result.end }).toEqual({ at, end: 'done' });
      expect(await containersOf(fleet)).toContain(`${SECOND} sick restart no`);
      expect(fe1.entries).toEqual([]);
      expect(fe1.haproxy.weights()[SECOND]).toBe('20 ready DOWN');
    }
  });

  it('of an instance that had no container removes what was made of it', async () => {
    for (const at of [1, 2, 3, 4, 5, 6]) {
      const fleet = await fleetWith({});
      const fe1 = await fleet.host('fe1');
      await fe1.containers.remove(SECOND);
      await fleet.clock.sleep(3_000, never);
      fe1.haproxy.failures.length = 0;
      await diesAt(fleet, at);

      const result = await recover(fleet);

      expect({ at, end: result.end }).toEqual({ at, end: 'done' });
      expect(await containersOf(fleet)).toEqual(others);
      expect(fe1.entries).toEqual([]);
      expect(fe1.haproxy.weights()[SECOND]).toBe('20 ready DOWN');
    }
  });

  it('with an old container that was kept by an earlier run leaves that one alone', async () => {
    const fleet = await fleetWith({});
    const { containers } = await fleet.host('fe1');
    const earlier = `${SECOND}.replaced-20261101-080000-0000`;
    await containers.create(earlier, { image: `${IMAGE}:v1`, pullPolicy: 'never' }, undefined);
    await diesAt(fleet, 8, { each: { keep: 1 } });

    expect((await recover(fleet)).end).toBe('done');

    expect(await containersOf(fleet)).toEqual([...allWith('v1'), `${earlier} v1 stopped restart no`].toSorted());
  });
});
