import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { setWeights } from '../../src/runner/haproxy/set-weights.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { retireHosts } from '../../src/runner/recovery/retire-hosts.ts';
import { switchBackHosts } from '../../src/runner/recovery/switch-back-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { aLockOwner, aServer } from '../support/builders.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';
import { MortalFleet } from '../support/mortal-fleet.ts';
import { resumptionFrom } from '../support/resumption.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

function roll(fleet: FakeFleet, tag: string, over: Partial<RunContext> = {}): Promise<RunResult> {
  return rollout([fleet.play(tag)], options, { ...fleet.context(), ...over });
}

/** Another controller of the same fleet. */
function bobs(fleet: FakeFleet, over: Partial<RunContext['locking']> = {}): RunContext {
  const { locking, ...context } = fleet.context();
  return {
    ...context,
    identity: { run: '20261121-090001-bob', by: 'bob@laptop' },
    locking: { ...locking, machine: 'laptop', pid: 4711, ...over },
  };
}

/** Hosts of a fleet on which Ann's rollout was killed at its change number `atChange`. */
async function diedAt(atChange: number): Promise<FakeFleet> {
  const fleet = await FakeFleet.up();
  const mortal = new MortalFleet(fleet, atChange);
  void rollout([fleet.play('v2')], options, mortal.context(fleet.context()));
  await mortal.death;
  return fleet;
}

function texts(fleet: FakeFleet, type: 'problem' | 'warning'): string[] {
  return fleet.events.flatMap((event) => (event.type === type ? [event.text] : []));
}

function all(fleet: FakeFleet): FakeHost[] {
  return [...fleet.hosts.values()];
}

describe('the lock of a run that died', () => {
  it('is taken over with a remark when nothing is left to undo', async () => {
    const fleet = await FakeFleet.up();
    for (const { lock } of all(fleet)) {
      lock.heldBy(aLockOwner());
      lock.die();
    }

    expect((await roll(fleet, 'v2')).end).toBe('done');

    expect(texts(fleet, 'warning')[0]).toMatch(
      /^Taken over from a run that died: bob@laptop, run 20261121-085900-bob, pid 4711 on laptop \("rollout shop.yml"\), died about 2026-11-21T09:00Z$/,
    );
    expect(fleet.isWhole()).toBe(true);
  });

  it('keeps the next one out where instances were left in work, which says what can be done', async () => {
    const fleet = await diedAt(6);

    await expect(rollout([fleet.play('v2')], options, bobs(fleet))).rejects.toMatchObject({ code: 'locked' });

    expect(texts(fleet, 'problem')).toEqual([
      expect.stringMatching(
        /^Cannot lock fe1: ann@desk, run 20261121-090000-test, pid 1234 on desk .*, died about \S+Z, and left instances in work: put them back with "sluice recover fe1", go on with that run by "sluice resume 20261121-090000-test", or say --take-over/,
      ),
    ]);
    expect(all(fleet).map(({ lock }) => lock.owner?.by)).toEqual(['ann@desk', 'ann@desk', 'ann@desk']);
    expect(all(fleet).some(({ lock }) => lock.isLive)).toBe(false);
  });

  // prettier-ignore
  it.each([
    { what: 'a rollback',                       reason: 'rollback last',  left: '',      names: undefined },
    { what: 'a maintenance',                    reason: 'maintain all',   left: '',      names: undefined },
    { what: 'a recover over what it left',      reason: 'recover fe1',    left: '',      names: undefined },
    { what: 'a rollout that took back its own', reason: 'rollout x.yml',  left: '-back', names: '20261121-090000-test' },
    { what: 'one that was gone on with',        reason: 'resume R',       left: '',      names: '20261121-090000-test' },
    { what: 'a rollout, over another one',      reason: 'rollout x.yml',  left: '-else', names: undefined },
  ])('names resume only where that can go on with it: not for $what', async ({ reason, left, names }) => {
    const fleet = await diedAt(6);
    const fe1 = await fleet.host('fe1');
    if (fe1.lock.owner) fe1.lock.owner = { ...fe1.lock.owner, reason };
    fe1.entries = fe1.entries.map((entry) => ({ ...entry, run: `${entry.run}${left}` }));

    await expect(rollout([fleet.play('v2')], options, bobs(fleet))).rejects.toMatchObject({ code: 'locked' });

    const resume = names === undefined ? '' : `, go on with that run by "sluice resume ${names}"`;
    const how = `: put them back with "sluice recover fe1"${resume}, or say --take-over to have them put back first`;
    expect(texts(fleet, 'problem')[0]?.endsWith(how), texts(fleet, 'problem')[0]).toBe(true);
  });

  it('with --take-over is recovered first, whatever is to be done then', async () => {
    for (const act of [switchBackHosts, retireHosts]) {
      const fleet = await diedAt(6);

      await act({ hosts: ['fe1', 'fe2', 'fe3'] }, bobs(fleet, { takeOver: true }));

      expect(fleet.isWhole()).toBe(true);
      expect((await fleet.host('fe1')).entries).toEqual([]);
    }
  });

  it('with --take-over is recovered before a weight is set', async () => {
    const fleet = await diedAt(6);
    const place = { socket: undefined, container: undefined };
    const weights = [{ path: 'pxapp_cluster/pxApp_1', weight: 5 }];

    await setWeights({ hosts: ['fe1'], place, weights, onSet: () => undefined }, bobs(fleet, { takeOver: true }));

    const fe1 = await fleet.host('fe1');
    expect(fe1.entries).toEqual([]);
    expect(Object.values(fe1.haproxy.weights())).toEqual(['5 ready UP', '20 ready UP', '30 ready UP']);
  });

  it('with --take-over is recovered first, then the rollout goes on', async () => {
    const fleet = await diedAt(6);

    const { end } = await rollout([fleet.play('v2')], options, bobs(fleet, { takeOver: true }));

    expect(end).toBe('done');
    expect(fleet.images().every((line) => line.endsWith('v2'))).toBe(true);
    expect(fleet.isWhole()).toBe(true);
    expect(all(fleet).every(({ lock }) => lock.isFree)).toBe(true);
  });

  it('is no obstacle to the same run, which finishes what it was taking back', async () => {
    const fleet = await diedAt(2);
    const fe1 = await fleet.host('fe1');
    fe1.entries = fe1.entries.map((entry) => ({ ...entry, run: `${entry.run}-back` }));

    const { end } = await rollout([fleet.play('v2')], { ...options, resumption: resumptionFrom([]) }, fleet.context());

    expect(end).toBe('done');
    expect(fleet.isWhole()).toBe(true);
  });

  it('with --take-over is seen to on every host before any is let go, when the connection to one is lost', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const play = fleet.play('v2', { serial: [{ hosts: 2 }] });
    const mortal = new MortalFleet(fleet, 14);
    void rollout([play], options, mortal.context(fleet.context()));
    await mortal.death;
    const [fe1, fe2] = all(fleet);
    if (!fe1 || !fe2) throw new Error('they are up');
    // What is kept of a set goes home with the rest of it, which is written down first.
    const kept = fe1.entries.map((entry) => ({ ...entry, kind: 'kept' as const, container: 'pxApp_3' }));
    await fe1.record.write([
      ...fe1.entries,
      ...kept.map((entry) => ({ ...entry, server: aServer('pxApp_3', 'fe1'), keptUntil: '2027-01-01T00:00:00Z' })),
    ]);
    fe1.record.write = async () => {
      throw new Failure('unreachable', 'Cannot reach fe1: the connection was lost');
    };

    const taking = rollout([play], options, bobs(fleet, { takeOver: true }));

    await expect(taking).rejects.toMatchObject({
      code: 'out-of-service',
      message: expect.stringMatching(/^Cannot take fe1 over: .*Cannot reach fe1/) as unknown,
    });
    expect(fe2.entries).toEqual([]);
    expect(Object.values(fe2.haproxy.weights())).toEqual(['10 ready UP', '20 ready UP', '30 ready UP']);
    expect([fe1, fe2].map(({ lock }) => lock.isLive)).toEqual([false, false]);
    expect(fleet.failures()).toEqual([]);
  });

  it('is told of once all hosts are held, and the run may refuse then', async () => {
    const fleet = await diedAt(6);
    const refusing = async (died: readonly string[]): Promise<void> => {
      expect(all(fleet).every(({ lock }) => lock.isLive)).toBe(true);
      throw new Failure('locked', `died: ${died.join(', ')}`);
    };
    const before = fleet.images();

    const going = { ...options, resumption: resumptionFrom([]), onHeld: refusing };
    const { locking, ...context } = fleet.context();
    const again = { ...context, locking: { ...locking, pid: 4711 } };
    await expect(rollout([fleet.play('v2')], going, again)).rejects.toThrow(
      'died: 20261121-090000-test, 20261121-090000-test, 20261121-090000-test',
    );

    expect(fleet.images()).toEqual(before);
    // They are the proof that the run died, for whoever comes next.
    expect(all(fleet).map(({ lock }) => [lock.isLive, lock.isFree])).toEqual(all(fleet).map(() => [false, false]));
  });

  it('is no obstacle to recover', async () => {
    const fleet = await diedAt(6);

    expect((await recoverHosts({ hosts: ['fe1'] }, bobs(fleet))).end).toBe('done');

    expect(all(fleet).map(({ lock }) => lock.isFree)).toEqual([true, false, false]);
    expect(fleet.isWhole()).toBe(true);
  });
});
