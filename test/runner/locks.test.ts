import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { Failure } from '../../src/errors.ts';
import { breakLocks, holdOnPurpose, listLocks, releaseLocks } from '../../src/runner/hosts/lock-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import type { RunContext, RunResult } from '../../src/runner/run.ts';
import { aLockOwner, aServer } from '../support/builders.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

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
    locking: { ...locking, machine: 'laptop', pid: 4711, nonce: 'b', ...over },
  };
}

function texts(fleet: FakeFleet, type: 'problem' | 'warning'): string[] {
  return fleet.events.flatMap((event) => (event.type === type ? [event.text] : []));
}

function all(fleet: FakeFleet): FakeHost[] {
  return [...fleet.hosts.values()];
}

describe('two controllers at once', () => {
  it('never both work: one goes through, the other touches nothing and says who has what', async () => {
    const fleet = await FakeFleet.up();

    const settled = await Promise.allSettled([roll(fleet, 'v2'), rollout([fleet.play('v2')], options, bobs(fleet))]);

    const statuses = settled.map((one) => (one.status === 'fulfilled' ? one.value.end : (one.reason as Failure).code));
    expect(statuses.toSorted()).toEqual(['done', 'locked']);
    expect(texts(fleet, 'problem')).toContainEqual(
      expect.stringMatching(
        /^Cannot lock fe1: it is held by \S+@\S+, run \S+, pid \d+ on \S+ \("rollout pxapp.yml"\), since \S+, last heartbeat 0 s ago$/,
      ),
    );
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.failures()).toEqual([]);
    expect(all(fleet).every(({ lock }) => lock.isFree)).toBe(true);
  });

  it('both get their turn when one waits, and it says whom it waits for', async () => {
    const fleet = await FakeFleet.up();

    const ends = await Promise.all([
      roll(fleet, 'v2'),
      rollout([fleet.play('v2')], options, bobs(fleet, { waitMs: 600_000 })),
    ]);

    expect(ends.map(({ end }) => end)).toEqual(['done', 'done']);
    const waits = fleet.events.filter((event) => event.type === 'lock-waiting');
    expect(waits[0]?.locks[0]).toMatchObject({ host: 'fe1', found: { state: 'live', owner: { by: 'ann@desk' } } });
    expect(fleet.isWhole()).toBe(true);
  });

  it('waits no longer than it was told, with empty hands', async () => {
    const fleet = await FakeFleet.up();
    const [fe1, fe2] = all(fleet);
    fe2?.lock.heldBy(aLockOwner());
    const began = fleet.clock.now();
    let heldWhileWaiting = false;
    const report = (event: RunEvent): void => {
      if (event.type === 'lock-waiting') heldWhileWaiting ||= fe1?.lock.isLive ?? true;
    };

    const context = bobs(fleet, { waitMs: 60_000 });
    await expect(rollout([fleet.play('v2')], options, { ...context, report })).rejects.toMatchObject({
      code: 'locked',
    });

    expect(fleet.clock.now() - began).toBeGreaterThanOrEqual(60_000);
    expect(fleet.clock.now() - began).toBeLessThan(70_000);
    expect(heldWhileWaiting).toBe(false);
  });

  it('stops waiting when it is asked to stop', async () => {
    const fleet = await FakeFleet.up();
    all(fleet)[0]?.lock.heldBy(aLockOwner());
    const context = bobs(fleet, { waitMs: 600_000 });
    const report = (event: RunEvent): void => {
      if (event.type === 'lock-waiting') fleet.stop(1);
    };

    await expect(rollout([fleet.play('v2')], options, { ...context, report })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});

describe('a controller whose lock has lapsed', () => {
  /** Runs Ann's rollout, and does this when her first instance takes `step`. */
  async function at(step: string, act: (fe1: FakeHost) => Promise<void> | void): Promise<[FakeFleet, RunResult]> {
    const fleet = await FakeFleet.up(['fe1']);
    const fe1 = await fleet.host('fe1');
    let acted: Promise<void> | undefined;
    const context = fleet.context((event) => {
      if (event.type === 'step-started' && event.step === step) acted ??= Promise.resolve(act(fe1));
    });
    const result = await rollout([fleet.play('v2')], options, context);
    await acted;
    return [fleet, result];
  }

  it('takes it again when nobody has had it meanwhile, and goes on', async () => {
    const [fleet, { end }] = await at('replace', ({ lock }) => {
      lock.lapse();
    });

    expect(end).toBe('done');
    expect(fleet.isWhole()).toBe(true);
  });

  it.each(['drain', 'replace', 'check', 'restore', 'soak', 'retire'])(
    'changes nothing more once somebody else has it: in %s',
    async (step) => {
      let seen = '';
      const state = (host: FakeHost): string =>
        JSON.stringify([host.haproxy.weights(), host.containers.names(), host.entries]);
      let fe1: FakeHost | undefined;

      const [, { end }] = await at(step, (host) => {
        fe1 = host;
        host.lock.lapse();
        host.lock.heldBy(aLockOwner());
        seen = state(host);
      });

      expect(end).not.toBe('done');
      expect(fe1 && state(fe1)).toBe(seen);
      expect(fe1?.lock.owner).toEqual(aLockOwner());
      expect(fe1?.lock.isLive).toBe(true);
    },
  );

  it('does not take for its own what another has made of the instance meanwhile', async () => {
    const [, { hosts }] = await at('check', async ({ lock, haproxy }) => {
      lock.lapse();
      lock.heldBy(aLockOwner());
      await haproxy.setWeight(aServer('pxApp_1'), 10);
      await haproxy.setAdmin(aServer('pxApp_1'), 'ready');
    });

    expect(hosts).toMatchObject([{ end: 'outOfService', updated: 0, outOfService: 1 }]);
    expect(hosts[0]?.reason).toContain('the lock is not ours any more');
  });

  it('changes nothing more once its lock was broken', async () => {
    let before: readonly string[] = [];
    const [fleet, { end }] = await at('replace', async ({ lock, containers }) => {
      const found = await lock.look();
      if (found) await lock.free(found, true);
      before = containers.names();
    });

    expect(end).toBe('outOfService');
    expect(all(fleet)[0]?.containers.names()).toEqual(before);
  });

  it('asks the host nothing more than before as long as the lock is sure', async () => {
    const fleet = await FakeFleet.up();

    await roll(fleet, 'v2');

    expect(all(fleet).map(({ lock }) => lock.asked)).toEqual([1, 1, 1]);
  });
});

describe('a lock on purpose', () => {
  it('keeps a rollout out, says why, and is released by the same person only', async () => {
    const fleet = await FakeFleet.up();
    const ann = { ...fleet.context(), identity: { run: '20261121-085500-ann', by: 'ann@desk' } };
    await holdOnPurpose(['fe2'], 'do not deploy', ann);

    await expect(roll(fleet, 'v2')).rejects.toMatchObject({ code: 'locked' });
    expect(texts(fleet, 'problem')).toEqual([
      expect.stringMatching(
        /^Cannot lock fe2: it is held on purpose by ann@desk \("do not deploy"\), since \S+; it can be had after "sluice lock release fe2"$/,
      ),
    ]);
    await expect(releaseLocks(['fe1', 'fe2'], bobs(fleet))).rejects.toMatchObject({ code: 'locked' });
    expect(await releaseLocks(['fe1', 'fe2'], fleet.context())).toBe(1);
    expect((await roll(fleet, 'v2')).end).toBe('done');
  });

  it('is taken on all hosts or on none', async () => {
    const fleet = await FakeFleet.up();
    all(fleet)[2]?.lock.heldBy(aLockOwner());

    await expect(holdOnPurpose(['fe1', 'fe2', 'fe3'], 'mine', fleet.context())).rejects.toMatchObject({
      code: 'locked',
    });

    expect(all(fleet).map(({ lock }) => lock.isFree)).toEqual([true, true, false]);
  });
});

describe('a lock on purpose whose answer is lost', () => {
  const lost = new Failure('unreachable', 'Cannot reach fe2: the connection was lost');

  /** The second of three hosts holds it, late, and nobody hears of that. */
  async function losing(): Promise<{ fleet: FakeFleet; fe2: FakeHost; take: Promise<void> }> {
    const fleet = await FakeFleet.up();
    const [, fe2] = all(fleet);
    if (!fe2) throw new Error('it is up');
    const hold = fe2.lock.hold.bind(fe2.lock);
    fe2.lock.hold = async (owner) => {
      void fleet.clock.sleep(200, new AbortController().signal).then(() => hold(owner));
      throw lost;
    };
    return { fleet, fe2, take: holdOnPurpose(['fe1', 'fe2', 'fe3'], 'mine', fleet.context()) };
  }

  it('is on none of the hosts', async () => {
    const { fleet, take } = await losing();

    await expect(take).rejects.toMatchObject({ code: 'unreachable' });

    expect(all(fleet).map(({ lock }) => lock.isFree)).toEqual([true, true, true]);
    expect(texts(fleet, 'warning')).toEqual([]);
  });

  it('is told of where it cannot be let go', async () => {
    const { fleet, fe2, take } = await losing();
    fe2.lock.free = async () => {
      throw lost;
    };

    await expect(take).rejects.toMatchObject({ code: 'unreachable' });

    expect(all(fleet).map(({ lock }) => lock.isFree)).toEqual([true, false, true]);
    expect(texts(fleet, 'warning')).toEqual([
      'The lock stays behind: whether it is held on purpose is not known: "sluice lock release fe2"',
    ]);
  });

  it('leaves alone what others have there by then', async () => {
    const { fleet, fe2, take } = await losing();
    fe2.lock.heldBy(aLockOwner());

    await expect(take).rejects.toMatchObject({ code: 'unreachable' });

    expect(fe2.lock.isLive).toBe(true);
    expect(texts(fleet, 'warning')).toEqual([]);
  });
});

describe('a host whose record cannot be read', () => {
  it('is refused for that, also when its lock cannot be released either', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const [fe1] = all(fleet);
    if (!fe1) throw new Error('it is up');
    const { take } = { take: fe1.lock.take.bind(fe1.lock) };
    fe1.lock.take = async (owner) => {
      const taking = await take(owner);
      if ('inTheWay' in taking) return taking;
      const release = (): Promise<never> => Promise.reject(new Failure('unreachable', 'Cannot release the lock'));
      return { lock: { ...taking.lock, release } };
    };
    fe1.record.read = async () => {
      throw new Failure('error', 'Cannot read the undo record: it is torn');
    };

    await expect(roll(fleet, 'v2')).rejects.toMatchObject({ code: 'error' });

    expect(texts(fleet, 'problem')).toEqual(['Cannot read the undo record: it is torn']);
  });
});

describe('breaking locks', () => {
  it('needs a yes, and force for one that lives', async () => {
    const fleet = await FakeFleet.up();
    const [fe1, fe2] = all(fleet);
    fe1?.lock.heldBy(aLockOwner({ kind: 'hold', ttlMs: 0 }));
    fe2?.lock.heldBy(aLockOwner());
    const asked: string[] = [];
    const request = (force: boolean, yes: boolean) => ({
      ...{ hosts: ['fe1', 'fe2', 'fe3'], force },
      confirm: async (locks: readonly string[]) => {
        asked.push(...locks);
        return yes;
      },
    });

    await expect(breakLocks(request(false, true), fleet.context())).rejects.toMatchObject({ code: 'locked' });
    await expect(breakLocks(request(true, false), fleet.context())).rejects.toMatchObject({ code: 'interrupted' });
    expect((await listLocks(['fe1', 'fe2', 'fe3'], fleet.context())).map(({ lock }) => lock?.state)).toEqual([
      ...['held', 'live', undefined],
    ]);
    expect(await breakLocks(request(true, true), fleet.context())).toBe(2);

    expect(asked[0]).toMatch(/^fe1: it is held on purpose by bob@laptop/);
    expect(all(fleet).every(({ lock }) => lock.isFree)).toBe(true);
  });
});
