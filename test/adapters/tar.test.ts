import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { firstFileIn } from '../../src/adapters/tar-reader.ts';
import { packed, type TarFile } from '../../src/adapters/tar-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-tar-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function aFile(over: Partial<TarFile> = {}): TarFile {
  return { path: 'run/secrets/a', content: Buffer.from('hello'), ...{ mode: 0o440, uid: 1000, gid: 7 }, ...over };
}

function tar(...args: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync('tar', args);
  expect(status, stderr.toString()).toBe(0);
  return stdout;
}

describe('a tar of ours', () => {
  it('is one to tar(1)', () => {
    const file = join(folder, 'ours.tar');
    writeFileSync(file, packed([aFile(), aFile({ path: 'b', content: Buffer.alloc(1024, 1), mode: 0o4777 })]));

    const listed = tar('--numeric-owner', '-tvf', file).toString();

    expect(listed.replaceAll(/ +/g, ' ')).toBe(
      '-r--r----- 1000/7 5 1970-01-01 00:00 run/secrets/a\n-rwsrwxrwx 1000/7 1024 1970-01-01 00:00 b\n',
    );
    expect(tar('-xOf', file, 'b')).toEqual(Buffer.alloc(1024, 1));
  });

  it('holds what was put into it, whatever bytes they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1500 }), fc.integer({ min: 0, max: 0o7777 }), async (bytes, mode) => {
        const file = aFile({ content: Buffer.from(bytes), mode });

        expect(await firstFileIn(packed([file]))).toEqual(file);
      }),
    );
  });
});

describe('a tar of tar(1)', () => {
  writeFileSync(join(folder, 'f'), 'some text');

  it.each(['ustar', 'gnu', 'pax'])('in the form of %s is read', async (format) => {
    const own = ['--owner=5', '--group=6', '--mode=0604', '--mtime=2026-01-01 00:00:00.5'];

    const file = await firstFileIn(tar('-C', folder, `--format=${format}`, ...own, '-cf', '-', 'f'));

    expect(file).toMatchObject({ path: 'f', ...{ mode: 0o604, uid: 5, gid: 6 } });
    expect(file?.content.toString()).toBe('some text');
  });

  it('with a large number of an owner is read', async () => {
    const file = await firstFileIn(tar('-C', folder, '--format=gnu', '--owner=:3000000', '-cf', '-', 'f'));

    expect(file?.uid).toBe(3_000_000);
  });

  it('of a folder, or broken off, has no file', async () => {
    const whole = packed([aFile({ content: readFileSync(import.meta.filename) })]);

    expect(statSync(folder).isDirectory()).toBe(true);
    expect(await firstFileIn(tar('-C', folder, '-cf', '-', '.'))).toBeUndefined();
    expect(await firstFileIn(whole.subarray(0, 1024))).toBeUndefined();
    expect(await firstFileIn(Buffer.alloc(0))).toBeUndefined();
  });
});
