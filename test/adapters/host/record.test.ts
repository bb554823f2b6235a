import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Link, RunResult } from '../../../src/adapters/link.ts';
import { FileRecord } from '../../../src/adapters/host/record.ts';
import { Failure } from '../../../src/errors.ts';
import type { RecordEntry } from '../../../src/runner/ports/ports.ts';
import { anInstance, aServer } from '../../support/builders.ts';
import { changed } from '../../support/changed.ts';
import { keepsARecord } from '../../support/contracts/host-record.ts';
import { LocalLink } from '../../support/local-link.ts';
import { localLinks } from '../../support/local-links.ts';

const drained: RecordEntry = {
  ...{ kind: 'drain', server: aServer(), standing: { weight: 10, admin: 'ready' }, wasUp: true },
  ...{ by: 'ann@desk', note: `it's "quoted" $HOME \`id\` \\ ü\n`, at: '2026-11-21T09:00:00.000Z', run: 'one' },
};
const inWork: RecordEntry = {
  ...{ kind: 'rollout', server: aServer('pxApp_2'), standing: { weight: 0, admin: 'drain' }, wasUp: false },
  ...{ by: 'ann@desk', note: '', at: '2026-11-21T09:00:00.000Z', run: 'one', container: 'pxApp_2', aside: 'pxApp_2.x' },
  old: { id: 'c0ffee', restart: { name: 'on-failure', maximumRetryCount: 3 }, running: true, wasReady: true },
  ready: anInstance().ready,
  drain: anInstance().drain,
};

const aLink = localLinks();

keepsARecord('a host', async () => {
  const link = new LocalLink({ isOrdinary: true });
  link.makeStateDir();
  return {
    record: () => new FileRecord(link),
    tear: async () => {
      await link.run(`printf '{ "schema": 1, "ent' > /var/lib/sluice/record.json`);
    },
    forbid: async () => {
      chmodSync(link.stateDir, 0o555);
    },
    end: async () => {
      chmodSync(link.stateDir, 0o777);
      await link.close();
    },
  };
});

describe('a FileRecord', () => {
  it('is empty before anything was written', async () => {
    expect(await new FileRecord(aLink()).read()).toEqual([]);
  });

  it('reads what was written, on another connection too', async () => {
    const link = aLink();
    await new FileRecord(link).write([drained, inWork]);

    expect(await new FileRecord(link).read()).toEqual([drained, inWork]);
  });

  it('means its own host by whatever name that goes, and other hosts by theirs', async () => {
    const link = aLink();
    const central = { ...inWork, server: aServer('pxApp_2', 'lb') };
    await new FileRecord(link).write([drained, central]);

    const elsewhere = new FileRecord(changed<Link>(link, { host: 'fe1.example.com' }));

    expect(await elsewhere.read()).toEqual([{ ...drained, server: aServer('pxApp_1', 'fe1.example.com') }, central]);
  });

  it('is replaced as a whole', async () => {
    const record = new FileRecord(aLink());
    await record.write([drained, inWork]);
    await record.write([inWork]);

    expect(await record.read()).toEqual([inWork]);
  });

  it('is a file that a person can read, and nothing else stays behind', async () => {
    const link = aLink();
    await new FileRecord(link).write([drained]);

    expect(readdirSync(link.stateDir)).toEqual(['record.json', 'record.order']);
    const file = join(link.stateDir, 'record.json');
    expect(readFileSync(file, 'utf8')).toContain('\n      "by": "ann@desk",\n');
    expect(statSync(file).mode & 0o777).toBe(0o660);
  });

  it('is another file after each write, never the same one written over', async () => {
    const link = aLink();
    const record = new FileRecord(link);
    const file = join(link.stateDir, 'record.json');
    await record.write([drained]);
    const { ino } = statSync(file);

    await record.write([inWork]);

    expect(statSync(file).ino).not.toBe(ino);
  });

  it('is gone when there is nothing left to undo, and may be removed twice', async () => {
    const link = aLink();
    const record = new FileRecord(link);
    await record.write([drained]);

    await record.write([]);
    await record.write([]);

    expect(readdirSync(link.stateDir)).toEqual(['record.order']);
    expect(await record.read()).toEqual([]);
  });

  it('holds as much as a large host needs', async () => {
    const record = new FileRecord(aLink());
    const many = Array.from({ length: 2_000 }, (_, index) => ({ ...drained, server: aServer(`app_${index}`) }));

    await record.write(many);

    expect(await record.read()).toEqual(many);
  });

  it('is whole to whoever reads while it is written again and again', async () => {
    const link = aLink();
    const record = new FileRecord(link);
    await record.write([drained]);
    const writing = (async () => {
      for (let written = 0; written < 10; written += 1) await record.write([drained, inWork]);
    })();

    for (let read = 0; read < 10; read += 1) expect((await record.read())[0]).toEqual(drained);
    await writing;
  });

  const entry = JSON.stringify(drained);
  // prettier-ignore
  it.each([
    { what: 'half a record',            text: '{ "schema": 1, "entries": [{ "kind": "dr', says: /JSON/ },
    { what: 'no JSON',                  text: 'rollout pxApp_1 10\n',                     says: /JSON/ },
    { what: 'other JSON',               text: '{ "name": "sluice" }',                     says: /it is not an undo record/ },
    { what: 'a list',                   text: '[]',                                       says: /it is not an undo record/ },
    { what: 'null',                     text: 'null',                                     says: /it is not an undo record/ },
    { what: 'a record of the future',   text: '{ "schema": 2, "entries": [] }',           says: /it has schema 2, this sluice knows 1/ },
    { what: 'an entry of the future',   text: `{ "schema": 1, "entries": [${JSON.stringify({ ...drained, kind: 'lend' })}] }`, says: /an entry is "lend", which a newer sluice has written: use that one/ },
    { what: 'entries that are no list', text: '{ "schema": 1, "entries": {} }',           says: /an entry is not whole/ },
    { what: 'an entry that is null',    text: '{ "schema": 1, "entries": [null] }',       says: /an entry is not whole/ },
    { what: 'an entry without parts',   text: '{ "schema": 1, "entries": [{}] }',         says: /an entry is not whole/ },
    { what: 'a weight in words',        text: `{ "schema": 1, "entries": [${entry.replace(':10,', ':"10",')}] }`,  says: /an entry is not whole/ },
    { what: 'an unknown state',         text: `{ "schema": 1, "entries": [${entry.replace('"ready"', '"up"')}] }`, says: /an entry is not whole/ },
    { what: 'one good entry of two',    text: `{ "schema": 1, "entries": [${entry}, {}] }`,                        says: /an entry is not whole/ },
  ])('refuses $what', async ({ text, says }) => {
    const link = aLink();
    link.makeStateDir();
    writeFileSync(join(link.stateDir, 'record.json'), text);

    const reading = new FileRecord(link).read();

    await expect(reading).rejects.toMatchObject({ code: 'error', message: expect.stringMatching(says) as unknown });
    await expect(reading).rejects.toThrow(/^Cannot read the undo record on fe1 \(record\.json\): /);
  });

  it('leaves the old record in its place when there is no room for the new one', async () => {
    const link = aLink();
    const record = new FileRecord(link);
    await record.write([drained]);
    const limited = Object.assign(Object.create(link) as LocalLink, {
      run: (command: string, options: object) => link.run(`ulimit -f 1; trap '' XFSZ; ${command}`, options),
    });
    const many = Array.from({ length: 100 }, (_, index) => ({ ...drained, server: aServer(`app_${index}`) }));

    await expect(new FileRecord(limited).write(many)).rejects.toThrow(/^Cannot write the undo record on fe1: /);

    expect(await record.read()).toEqual([drained]);
    expect(readdirSync(link.stateDir)).toEqual(['record.json', 'record.order']);
  });

  describe.each(['dash', 'bash', 'busybox'] as const)('in %s', (shell) => {
    /** A link whose next command is carried out only when it is told to. */
    function held(link: LocalLink): { readonly link: LocalLink; readonly late: () => Promise<unknown> } {
      let late = (): Promise<unknown> => Promise.reject(new Error('nothing is held'));
      let isHeld = false;
      const run = async (command: string, options: object): Promise<RunResult> => {
        if (isHeld || !command.includes('mktemp')) return link.run(command, options);
        isHeld = true;
        late = () => link.run(command, options);
        throw new Failure('unreachable', 'Cannot reach fe1: connection lost');
      };
      return { link: Object.assign(Object.create(link) as LocalLink, { run }), late: () => late() };
    }

    it('does not take what is carried out late for what is newest, of the same run or of the one before', async () => {
      const link = aLink({ shell });
      const slow = held(link);
      const record = new FileRecord(slow.link);
      expect(await record.read()).toEqual([]);
      await expect(record.write([drained])).rejects.toThrow('connection lost');
      const other = new FileRecord(link);
      await other.read();

      await record.write([drained, inWork]);
      expect(await slow.late()).toMatchObject({ exitCode: 76, stderr: 'a newer one has been written meanwhile\n' });
      expect(await other.read()).toEqual([drained, inWork]);

      await other.write([]);
      expect(await slow.late()).toMatchObject({ exitCode: 76 });
      expect(await other.read()).toEqual([]);
      expect(readdirSync(link.stateDir)).toEqual(['record.order']);
    });

    it('is written after what was carried out late', async () => {
      const link = aLink({ shell });
      const slow = held(link);
      const record = new FileRecord(slow.link);
      await expect(record.write([drained])).rejects.toThrow('connection lost');

      expect(await slow.late()).toMatchObject({ exitCode: 0 });
      await record.write([inWork]);

      expect(await record.read()).toEqual([inWork]);
    });
  });

  // busybox has a cat of its own, which has no such fault.
  it.each(['dash', 'bash'] as const)('says so when there is no room, in %s', async (shell) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-full-'));
    writeFileSync(join(folder, 'cat'), '#!/bin/sh\necho "cat: write error: No space left on device" >&2; exit 1\n');
    chmodSync(join(folder, 'cat'), 0o755);
    const link = aLink({ shell, env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` } });

    await expect(new FileRecord(link).write([drained])).rejects.toThrow(
      'Cannot write the undo record on fe1: no space left on device (make room in its state directory)',
    );
  });

  it.each(['write', 'remove'])('says what to do about the folder when it cannot %s', async (verb) => {
    const link = aLink({ isOrdinary: true });
    link.makeStateDir(0o555);

    await expect(new FileRecord(link).write(verb === 'write' ? [drained] : [])).rejects.toMatchObject({
      code: 'error',
      message: expect.stringMatching(
        `^Cannot ${verb} the undo record on fe1: ${link.stateDir} is not writable for \\S+: make it group docker, mode 2770$`,
      ) as unknown,
    });
  });

  it('can be read by who cannot write it', async () => {
    const link = aLink({ isOrdinary: true });
    link.makeStateDir();
    await new FileRecord(link).write([drained]);
    chmodSync(join(link.stateDir, 'record.json'), 0o664);
    chmodSync(link.stateDir, 0o555);

    expect(await new FileRecord(link).read()).toEqual([drained]);
  });
});
