import { beforeEach, describe, expect, it } from 'vitest';
import type { HostLock, Lock, LockOwner } from '../../../src/runner/ports/ports.ts';
import { aLockOwner } from '../builders.ts';

export interface LockUnderTest {
  /** The same host for each call, by a connection of its own. */
  readonly lock: () => HostLock;
  /** Ends the run that holds it, without a word. */
  readonly die: () => Promise<void>;
}

const bob = aLockOwner();
const ann = aLockOwner({ run: '20261121-090000-ann', machine: 'desk', pid: 12, by: 'ann@desk' });
const hold = aLockOwner({
  kind: 'hold',
  run: '20261121-090100-ann',
  by: 'ann@desk',
  reason: 'do not deploy',
  ttlMs: 0,
});

/** What every lock of a host does. */
export function describeHostLock(name: string, make: () => LockUnderTest): void {
  describe(`${name}, as a lock of a host`, () => {
    let host: LockUnderTest;
    beforeEach(() => {
      host = make();
    });
    const look = () => host.lock().look();
    const taken = (owner: LockOwner): Promise<Lock> => takenFrom(host.lock(), owner);

    it('is free at first', async () => {
      expect(await look()).toBeUndefined();
    });

    it('is live while it is held, and says whose it is to all who want it', async () => {
      const lock = await taken(bob);

      expect(lock.isSure()).toBe(true);
      expect(lock.dead).toBeUndefined();
      expect(await look()).toMatchObject({ state: 'live', owner: bob });
      expect(await host.lock().take(ann)).toMatchObject({ inTheWay: { state: 'live', owner: bob } });
      expect(await host.lock().hold(hold)).toMatchObject({ state: 'live', owner: bob });
      await lock.release();
    });

    it('is free once it is released, also twice', async () => {
      const lock = await taken(bob);
      await lock.release();
      await lock.release();

      expect(lock.isSure()).toBe(false);
      expect(await look()).toBeUndefined();
      await (await taken(ann)).release();
    });

    it('is dead when its run has ended without a word, and stays so until somebody claims it', async () => {
      const lost = await taken(bob);
      await host.die();

      await heardOfLossOf(lost);
      expect(lost.isSure()).toBe(false);
      expect(await look()).toMatchObject({ state: 'dead', owner: bob });
      const lock = await taken(ann);
      expect(lock.dead).toMatchObject({ state: 'dead', owner: bob });
      await lock.release();
      expect(await look()).toMatchObject({ state: 'dead', owner: bob });
      const again = await taken(ann);
      await again.claim();
      expect(await look()).toMatchObject({ state: 'live', owner: ann });
      await again.release();
      expect(await look()).toBeUndefined();
    });

    it('is taken again by its own run, also from a holder that still lives', async () => {
      const first = await taken(bob);
      const second = await host.lock().retake(bob);

      expect(second.isSure()).toBe(true);
      await heardOfLossOf(first);
      expect(first.isSure()).toBe(false);
      await host.die();
      const third = await host.lock().retake(bob);
      expect(await look()).toMatchObject({ state: 'live', owner: bob });
      await third.release();
      expect(await look()).toBeUndefined();
    });

    it('is not that of another process of the same run, with the same number on a machine of the same name', async () => {
      const lock = await taken(bob);
      const twin = { ...bob, nonce: 'another' };

      expect(await host.lock().take(twin)).toMatchObject({ inTheWay: { state: 'live', owner: bob } });
      await expect(host.lock().retake(twin)).rejects.toMatchObject({ code: 'locked' });
      expect(lock.isSure()).toBe(true);
      await host.die();
      const claiming = await taken(twin);
      expect(claiming.dead).toMatchObject({ owner: bob });
      await claiming.claim();
      await expect(host.lock().retake(bob)).rejects.toMatchObject({ code: 'locked' });
      await claiming.release();
    });

    it('is not taken again when somebody has it, or has had it', async () => {
      await taken(bob);
      await host.die();
      const lock = await taken(ann);
      await lock.claim();

      await expect(host.lock().retake(bob)).rejects.toMatchObject({ code: 'locked' });
      await lock.release();
      await expect(host.lock().retake(bob)).rejects.toMatchObject({ code: 'locked' });
      expect(await look()).toBeUndefined();
    });

    it('can be held on purpose, by nobody who lives', async () => {
      expect(await host.lock().hold(hold)).toBeUndefined();

      expect(await look()).toMatchObject({ state: 'held', owner: hold });
      expect(await host.lock().take(bob)).toMatchObject({ inTheWay: { state: 'held', owner: hold } });
      expect(await host.lock().hold(aLockOwner({ kind: 'hold' }))).toMatchObject({ state: 'held', owner: hold });
    });

    it('that is dead is not held on purpose before it was seen to', async () => {
      await taken(bob);
      await host.die();

      expect(await host.lock().hold(hold)).toMatchObject({ state: 'dead', owner: bob });
    });

    it.each(['dead', 'held'] as const)('is freed when it is %s', async (state) => {
      if (state === 'held') await host.lock().hold(hold);
      else await taken(bob);
      if (state === 'dead') await host.die();
      const found = await look();

      expect(found?.state).toBe(state);
      expect(found && (await host.lock().free(found, false))).toBeUndefined();
      expect(await look()).toBeUndefined();
    });

    it('is not freed while it is live, but by force, which ends its holder', async () => {
      const lock = await taken(bob);
      const found = { state: 'live' as const, owner: bob, ageMs: 0 };

      expect(await host.lock().free(found, false)).toMatchObject({ state: 'live', owner: bob });
      expect(lock.isSure()).toBe(true);
      expect(await host.lock().free(found, true)).toBeUndefined();
      expect(await look()).toBeUndefined();
      await heardOfLossOf(lock);
      expect(lock.isSure()).toBe(false);
      await expect(host.lock().retake(bob)).rejects.toMatchObject({ code: 'locked' });
    });

    it('is not freed in place of the one that was found', async () => {
      await host.lock().hold(hold);

      const dead = { state: 'dead' as const, owner: bob, ageMs: 0 };

      expect(await host.lock().free(dead, true)).toMatchObject({ state: 'held', owner: hold });
      expect(await look()).toMatchObject({ state: 'held', owner: hold });
    });
  });
}

/** @throws Error when somebody is in the way */
export async function takenFrom(lock: HostLock, owner: LockOwner): Promise<Lock> {
  const taking = await lock.take(owner);
  if ('lock' in taking) return taking.lock;
  throw new Error(`${taking.inTheWay.state}: ${taking.inTheWay.owner?.by ?? 'nobody'} is in the way`);
}

/** Its holder has ended by now, of which we hear a moment later. */
async function heardOfLossOf({ lost }: Lock): Promise<void> {
  if (lost.aborted) return;
  await new Promise((resolve) => {
    lost.addEventListener('abort', resolve, { once: true });
  });
}
