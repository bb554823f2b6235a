import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JournalFile, type JournalSink } from '../../../src/adapters/journal/journal-file.ts';
import { Failure } from '../../../src/errors.ts';
import { aJournal } from '../../support/contracts/journal.ts';

let folder = '';
let told: Failure[] = [];
const files: FileHandle[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
  told = [];
});
afterEach(async () => {
  await Promise.all(files.splice(0).map((file) => file.close()));
  rmSync(folder, { recursive: true });
});

function diskFull(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
}

function optionsFor(path: string) {
  return { path, onFailure: (failure: Failure) => told.push(failure) };
}

/** A file that counts what is asked of it, and has room for so many bytes. */
async function countingSink(path: string, room = Infinity) {
  const file = await open(path, 'a');
  files.push(file);
  const counts = { writes: 0, syncs: 0, bytes: 0 };
  const sink: JournalSink = {
    appendFile: async (text) => {
      const wanted = String(text);
      const fits = wanted.slice(0, Math.max(0, room - counts.bytes));
      counts.writes += 1;
      counts.bytes += fits.length;
      await file.appendFile(fits);
      if (fits !== wanted) throw diskFull();
    },
    datasync: async () => {
      counts.syncs += 1;
      await file.datasync();
    },
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  };
  return { sink, counts };
}

describe('JournalFile, as every journal,', () => {
  aJournal(async () => {
    const path = join(folder, 'r1.jsonl');
    const { sink } = await countingSink(path);
    let isFull = false;
    const full: JournalSink = {
      ...sink,
      appendFile: async (text) => {
        if (isFull) throw diskFull();
        await sink.appendFile(text);
      },
    };
    const journal = new JournalFile(full, { lines: 0, bytes: 0 }, optionsFor(path));
    const tell = (): void => {
      journal.append('x');
    };
    const fillDisk = (): void => {
      isFull = true;
    };
    return { journal, tell, fillDisk };
  });
});

describe('JournalFile', () => {
  it('makes a file and its folders for this user only', async () => {
    const path = join(folder, 'state', 'runs', 'r1.jsonl');

    const journal = await JournalFile.create(optionsFor(path));
    await journal.close();

    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'state', 'runs')).mode & 0o777).toBe(0o700);
  });

  it('has every line in the file once it has settled, in the order in which they came', async () => {
    const path = join(folder, 'r1.jsonl');
    const journal = await JournalFile.create(optionsFor(path));

    const seen = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        journal.append(`line ${index}`);
        await journal.settled();
        return readFileSync(path, 'utf8').includes(`line ${index}\n`);
      }),
    );
    await journal.close();

    expect(seen).toEqual(seen.map(() => true));
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toEqual(Array.from({ length: 50 }, (_, index) => `line ${index}`));
  });

  it('writes what came together at once, with one fdatasync', async () => {
    const path = join(folder, 'r1.jsonl');
    const { sink, counts } = await countingSink(path);
    const journal = new JournalFile(sink, { lines: 0, bytes: 0 }, optionsFor(path));

    journal.append('a');
    journal.append('b');
    await journal.settled();
    for (let index = 0; index < 100; index += 1) journal.append(String(index));
    await Promise.all(Array.from({ length: 100 }, () => journal.settled()));
    await journal.close();

    expect(counts).toMatchObject({ writes: 2, syncs: 2 });
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(103);
  });

  it('writes what nobody waits for before it is closed', async () => {
    const path = join(folder, 'r1.jsonl');
    const journal = await JournalFile.create(optionsFor(path));

    journal.append('last words');
    await journal.close();

    expect(readFileSync(path, 'utf8')).toBe('last words\n');
  });

  it('stays failed after a full disk, ends with a whole line, and tells it once', async () => {
    const path = join(folder, 'r1.jsonl');
    const { sink, counts } = await countingSink(path, 10);
    const journal = new JournalFile(sink, { lines: 0, bytes: 0 }, optionsFor(path));
    journal.append('fits');
    await journal.settled();

    journal.append('does not fit');
    const failures = await Promise.allSettled([journal.settled(), journal.settled()]);
    journal.append('after');
    const later = await journal.settled().catch((error: unknown) => error);
    await journal.close();

    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(later).toBeInstanceOf(Failure);
    expect(later).toMatchObject({ code: 'error', cause: { code: 'ENOSPC' } });
    expect(told.map(({ message }) => message)).toEqual([
      `Cannot write the journal ${path}: no space is left on the disk` +
        ' (make room, or name another folder in $SLUICE_STATE)',
    ]);
    expect(readFileSync(path, 'utf8')).toBe('fits\n');
    expect(counts.writes).toBe(2);
  });

  it('fails on a device without room', async () => {
    const path = join(folder, 'r1.jsonl');
    const journal = new JournalFile(await open('/dev/full', 'a'), { lines: 0, bytes: 0 }, optionsFor(path));

    journal.append('x');

    await expect(journal.settled()).rejects.toThrow(
      /^Cannot write the journal \S+r1\.jsonl: no space is left on the disk/,
    );
    await journal.close();
  });

  it('leaves no empty file behind when there is no room from the start', async () => {
    const path = join(folder, 'r1.jsonl');
    const { sink } = await countingSink(path, 0);
    const journal = new JournalFile(sink, { lines: 0, bytes: 0 }, optionsFor(path));

    journal.append('does not fit');

    await expect(journal.settled()).rejects.toThrow(Failure);
    await journal.close();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    {
      why: 'its folder cannot be made',
      path: (): string => join(folder, 'r1.jsonl', 'runs', 'r2.jsonl'),
      says: /a part of the path is no folder/,
    },
    { why: 'there is one of that name', path: (): string => join(folder, 'r1.jsonl'), says: /EEXIST/ },
  ])('cannot be made when $why', async ({ path, says }) => {
    writeFileSync(join(folder, 'r1.jsonl'), 'of another run\n');

    const failure = await JournalFile.create(optionsFor(path())).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(Failure);
    expect(String(failure)).toMatch(says);
    expect(String(failure)).toContain('$SLUICE_STATE');
    expect(readFileSync(join(folder, 'r1.jsonl'), 'utf8')).toBe('of another run\n');
  });

  it.each([
    { was: 'one\ntwo\n', then: 'one\ntwo\nthree\n', lines: 3 },
    { was: 'one\ntwo\nth', then: 'one\ntwo\nthree\n', lines: 3 },
    { was: 'ön', then: 'three\n', lines: 1 },
    { was: '', then: 'three\n', lines: 1 },
  ])('goes on after $was', async ({ was, then, lines }) => {
    const path = join(folder, 'r1.jsonl');
    writeFileSync(path, was);

    const journal = await JournalFile.goOn(optionsFor(path), Buffer.byteLength(was));
    journal.append('three');
    await journal.close();

    expect(readFileSync(path, 'utf8')).toBe(then);
    expect(journal.lines).toBe(lines);
  });

  it('leaves alone what somebody has written to since it was read', async () => {
    const path = join(folder, 'r1.jsonl');
    writeFileSync(path, 'one\ntwo\nth');

    await expect(JournalFile.goOn(optionsFor(path), 8)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(/: somebody has gone on with that run since it was read/) as unknown,
    });

    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nth');
  });

  it('does not go on with a run that has no file', async () => {
    const path = join(folder, 'nosuch.jsonl');

    await expect(JournalFile.goOn(optionsFor(path), 0)).rejects.toThrow(
      /^Cannot write the journal .*: there is no such file/,
    );
    expect(existsSync(path)).toBe(false);
  });
});
