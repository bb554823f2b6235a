import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlockLock } from '../../../src/adapters/host/lock.ts';
import type { Link } from '../../../src/adapters/link.ts';
import type { LockOwner } from '../../../src/rollout/lock.ts';
import { aLockOwner } from '../../support/builders.ts';
import { describeHostLock, takenFrom } from '../../support/contracts/host-lock.ts';
import { LocalLink, type Shell } from '../../support/local-link.ts';

const bob = aLockOwner();
const ann = aLockOwner({ run: '20261121-090000-ann', machine: 'desk', pid: 12, by: 'ann@desk' });

describe.each<Shell>(['dash', 'bash', 'busybox'])('FlockLock in %s', (shell) => {
  const links: LocalLink[] = [];
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
  });

  describeHostLock('FlockLock', () => {
    const link = new LocalLink({ shell });
    links.push(link);
    return { lock: () => new FlockLock(link), die: () => link.killStarted() };
  });

  it('lapses on the host, and is unsure here before that, when no heartbeat comes', async () => {
    const link = new LocalLink({ shell });
    links.push(link);
    let nowMs = 0;
    const lock = await takenFrom(new FlockLock(link, { ttlMs: 1_000, everyMs: 60_000, nowMs: () => nowMs }), bob);
    expect(lock.isSure()).toBe(true);

    nowMs = 500;
    expect(lock.isSure()).toBe(false);
    await new Promise((resolve) => {
      lock.lost.addEventListener('abort', resolve);
    });

    expect(await new FlockLock(link).look()).toMatchObject({ state: 'dead', owner: bob });
  });

  it('outlives its time, and is sure again and again, as long as its heartbeats are answered', async () => {
    const link = new LocalLink({ shell });
    links.push(link);
    // Long enough for a busy machine to say nothing meanwhile.
    const ttlMs = 8_000;
    const lock = await takenFrom(new FlockLock(link, { ttlMs, everyMs: 50, nowMs: () => performance.now() }), bob);

    const began = performance.now();
    await until(() => performance.now() - began > ttlMs * 1.2);
    await until(() => lock.isSure());
    expect(lock.lost.aborted).toBe(false);
    await lock.release();
  });
});

describe('FlockLock', () => {
  let link: LocalLink;
  let host: FlockLock;
  beforeEach(() => {
    link = new LocalLink();
    host = new FlockLock(link);
  });
  afterEach(async () => {
    await link.close();
  });
  const json = (): string => readFileSync(join(link.stateDir, 'lock.json'), 'utf8');

  it('lets one in when many come at once', async () => {
    const takings = await Promise.all(
      Array.from({ length: 8 }, (_, pid) => new FlockLock(link).take(aLockOwner({ pid }))),
    );

    expect(takings.filter((taking) => 'lock' in taking)).toHaveLength(1);
  });

  it('leaves nothing but an empty file behind', async () => {
    await (await takenFrom(host, bob)).release();

    expect(readdirSync(link.stateDir)).toEqual(['lock']);
    expect(readFileSync(join(link.stateDir, 'lock'), 'utf8')).toBe('');
  });

  it('is dead when its connection is cut', async () => {
    await takenFrom(host, bob);
    await link.cutOff();

    expect(await host.look()).toMatchObject({ state: 'dead', owner: bob });
  });

  it('is released also when its holder is gone by then', async () => {
    const lock = await takenFrom(host, bob);
    await link.killStarted();
    await lock.release();

    expect(await host.look()).toBeUndefined();
  });

  it('is released also when its holder ends just as it is to be ended', async () => {
    link.makeStateDir();
    const bin = join(link.stateDir, 'bin');
    mkdirSync(bin);
    const sed = `h=$(command -p sed "$@"); kill "$h"; while [ -e "/proc/$h" ]; do :; done; echo "$h"`;
    writeFileSync(join(bin, 'sed'), `#!/bin/sh\n${sed}\n`, { mode: 0o755 });
    const lock = await takenFrom(host, bob);
    const late = new LocalLink({ env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } });
    const same = Object.assign(Object.create(late) as Link, {
      run: (command: string, options: object) =>
        late.run(command.replaceAll('/var/lib/sluice', link.stateDir), options),
    });

    await new FlockLock(same).free({ state: 'live', owner: bob, ageMs: undefined }, true);

    expect(await host.look()).toBeUndefined();
    await until(() => lock.lost.aborted);
  });

  it('that is another run’s by then is left to it when the first one releases', async () => {
    const first = await takenFrom(host, bob);
    await link.killStarted();
    const second = await takenFrom(host, ann);
    await second.claim();
    await first.release();

    expect(await host.look()).toMatchObject({ state: 'live', owner: ann });
    expect(second.isSure()).toBe(true);
  });

  it('tells how long ago the last heartbeat was, by the clock of the host', async () => {
    await takenFrom(host, bob);
    const found = await host.look();

    expect(found?.ageMs).toBeGreaterThanOrEqual(0);
    expect(found?.ageMs).toBeLessThan(10_000);
  });

  it('takes the words of its owner for words only', async () => {
    const odd = aLockOwner({
      by: `o'neil@desk $(touch ${join(link.stateDir, 'pwned')}) %s \\n "x"`,
      reason: '"kind":"hold" \\ `id`\n',
    });
    await takenFrom(host, odd);

    expect(await host.take(ann)).toMatchObject({ inTheWay: { state: 'live', owner: odd } });
    await link.killStarted();
    expect(await host.look()).toMatchObject({ state: 'dead', owner: odd });
    expect(readdirSync(link.stateDir).toSorted()).toEqual(['lock', 'lock.json']);
  });

  const ILLEGIBLE = [
    { name: 'empty', text: '' },
    { name: 'torn', text: '{"schema":1,"kind":"run","run":"2026' },
    { name: 'not JSON', text: 'hello\nworld\n' },
    { name: 'something else', text: '{"a":1}\n' },
  ];

  it.each(ILLEGIBLE)(
    'with a lock.json that is $name is dead, of nobody knows whom, and can be claimed',
    async ({ text }) => {
      link.makeStateDir();
      writeFileSync(join(link.stateDir, 'lock.json'), text);

      expect(await host.look()).toMatchObject({ state: 'dead', owner: undefined });
      const lock = await takenFrom(host, ann);
      expect(lock.dead).toMatchObject({ state: 'dead', owner: undefined });
      await lock.claim();
      expect(JSON.parse(json())).toMatchObject({ by: 'ann@desk' });
    },
  );

  it('of an older build, which has no nonce, is known for what it is, and is that of nobody else', async () => {
    const { nonce, ...old } = bob;
    link.makeStateDir();
    writeFileSync(join(link.stateDir, 'lock.json'), `${JSON.stringify({ schema: 1, ...inOrder(old), holder: 1 })}\n`);

    expect(nonce).toBeDefined();
    expect(await host.look()).toMatchObject({ state: 'dead', owner: old });
    await expect(host.retake(bob)).rejects.toMatchObject({ code: 'locked' });
    expect(await host.free({ state: 'dead', owner: bob, ageMs: 0 }, false)).toMatchObject({ state: 'dead' });
    expect(await host.free({ state: 'dead', owner: old, ageMs: 0 }, false)).toBeUndefined();
    expect(await host.look()).toBeUndefined();
  });

  it('is not taken for that of an older build', async () => {
    const { nonce, ...old } = bob;
    await takenFrom(host, bob);
    await link.killStarted();

    expect(nonce).toBeDefined();
    expect(await host.free({ state: 'dead', owner: old, ageMs: 0 }, false)).toMatchObject({
      state: 'dead',
      owner: bob,
    });
  });

  it.each(ILLEGIBLE)('with a lock.json that is $name can be broken', async ({ text }) => {
    link.makeStateDir();
    writeFileSync(join(link.stateDir, 'lock.json'), text);

    expect(await host.free({ state: 'dead', owner: undefined, ageMs: 0 }, false)).toBeUndefined();
    expect(await host.look()).toBeUndefined();
  });

  it('that somebody holds who has not said who is live, of nobody knows whom', async () => {
    link.makeStateDir();
    await link.start(`exec 9>>${link.stateDir}/lock; flock 9; echo held; cat`);

    expect(await host.take(ann)).toMatchObject({ inTheWay: { state: 'live', owner: undefined } });
    expect(await host.free({ state: 'live', owner: undefined, ageMs: 0 }, true)).toMatchObject({ state: 'live' });
  });

  it('is one for all users of a host where root has made no directory', async () => {
    const ordinary = new LocalLink({ isOrdinary: true });
    const lock = await takenFrom(new FlockLock(ordinary), bob);

    expect(readdirSync(ordinary.sharedDir).toSorted()).toEqual(['lock', 'lock.json']);
    await lock.release();
    await ordinary.close();
  });

  it('says why it cannot be had when that is nobody else', async () => {
    const ordinary = new LocalLink({ isOrdinary: true });
    ordinary.makeStateDir(0o555);

    await expect(new FlockLock(ordinary).take(ann)).rejects.toMatchObject({
      code: 'error',
      message: expect.stringMatching(
        /^Cannot lock fe1: \S+ is not writable for \S+: make it group docker, mode 2770$/,
      ) as unknown,
    });
    await ordinary.close();
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** As they stand in lock.json. */
function inOrder({ kind, run, machine, pid, by, reason, since, ttlMs }: LockOwner): object {
  return { kind, run, machine, pid, by, reason, since, ttlMs };
}
