import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHost } from '../../../src/adapters/host/lock.ts';
import { LocalLink } from '../../support/local-link.ts';

describe('lockHost()', () => {
  let link: LocalLink;
  beforeEach(() => {
    link = new LocalLink();
  });
  afterEach(async () => {
    await link.close();
  });

  it('keeps others out, and tells them who it is', async () => {
    await lockHost(link, 'ann@desk, run 1');

    await expect(lockHost(link, 'bob@laptop, run 2')).rejects.toMatchObject({
      ...{ name: 'Failure', code: 'locked', message: 'Cannot lock fe1: it is held by ann@desk, run 1' },
    });
    await expect(lockHost(link, 'bob@laptop, run 3')).rejects.toMatchObject({ code: 'locked' });
  });

  it('lets the next one in once it is released', async () => {
    const lock = await lockHost(link, 'ann@desk');
    await lock.release();

    const next = await lockHost(link, 'bob@laptop');

    expect(readFileSync(join(link.stateDir, 'lock.holder'), 'utf8')).toBe('bob@laptop\n');
    await next.release();
    expect(readdirSync(link.stateDir)).toEqual(['lock']);
  });

  it('lets one in when many come at once', async () => {
    const settled = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => lockHost(link, `operator ${index}`)),
    );

    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of settled)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'locked' });
  });

  it('may be released twice', async () => {
    const lock = await lockHost(link, 'ann@desk');
    await lock.release();
    await lock.release();

    await lockHost(link, 'bob@laptop');
  });

  it.each(['killStarted', 'cutOff'] as const)(
    'is free again when its holder is gone without a word: %s()',
    async (end) => {
      await lockHost(link, 'ann@desk');
      await link[end]();

      const lock = await lockHost(link, 'bob@laptop');

      expect(readFileSync(join(link.stateDir, 'lock.holder'), 'utf8')).toBe('bob@laptop\n');
      await lock.release();
    },
  );

  it('takes the words of its holder for words only', async () => {
    const holder = `o'neil@desk $(touch ${join(link.stateDir, 'pwned')}) %s \\n "x"`;
    await lockHost(link, holder);

    await expect(lockHost(link, 'bob@laptop')).rejects.toMatchObject({
      message: `Cannot lock fe1: it is held by ${holder}`,
    });
    expect(readdirSync(link.stateDir).toSorted()).toEqual(['lock', 'lock.holder']);
  });

  it('is one for each host', async () => {
    const other = new LocalLink();
    await lockHost(link, 'ann@desk');

    await lockHost(other, 'bob@laptop');
    await other.close();
  });

  it('says why it cannot be had when that is nobody else', async () => {
    const ordinary = new LocalLink({ isOrdinary: true });
    ordinary.makeStateDir(0o555);

    await expect(lockHost(ordinary, 'ann@desk')).rejects.toMatchObject({
      code: 'error',
      message: expect.stringMatching(
        /^Cannot lock fe1: \S+ is not writable for \S+: make it group docker, mode 2770$/,
      ) as unknown,
    });
    await ordinary.close();
  });
});
