import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileArchive } from '../../../src/adapters/host/archive.ts';
import type { Archived } from '../../../src/runner/ports/ports.ts';
import { keepsAnArchive } from '../../support/contracts/archive.ts';
import { FakeArchive } from '../../support/fake-archive.ts';
import { LocalLink } from '../../support/local-link.ts';
import { localLinks } from '../../support/local-links.ts';

const RUN = '20261121-090000-5f3a';
const old: Archived['old'] = {
  image: { id: 'sha256:1111', reference: 'registry.lab:5000/app:v1', digests: ['sha256:aaaa'] },
  snapshot: `{"it's":"quoted $HOME \`id\` \\\\ ü\\n"}`,
};

const aLink = localLinks();

keepsAnArchive('a host', () => new FileArchive(aLink()));
keepsAnArchive('the fake', () => new FakeArchive('fe1'));

describe('a FileArchive', () => {
  it('is a file for each container, for nobody but the group, and nothing else stays behind', async () => {
    const link = aLink();
    const archive = new FileArchive(link);

    await archive.save(RUN, 'pxApp_1', old);
    await archive.noteMade(RUN, 'pxApp_1', 'c0ffee');

    const folder = join(link.stateDir, 'archive', RUN);
    expect(readdirSync(folder).toSorted()).toEqual(['pxApp_1.json', 'pxApp_1.made']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o660);
    expect(statSync(folder).mode & 0o007).toBe(0);
    expect(readdirSync(link.stateDir)).toEqual(['archive']);
  });

  it('reads what another connection has written', async () => {
    const link = aLink({ isOrdinary: true });
    await new FileArchive(link).save(RUN, 'pxApp_1', old);

    expect(await new FileArchive(link).load(RUN, 'pxApp_1')).toEqual({ old, made: undefined });
  });

  it('holds what is large', async () => {
    const archive = new FileArchive(aLink());
    const large = { image: { id: 'x', reference: 'y', digests: [] }, snapshot: 'env '.repeat(100_000) };
    await archive.save(RUN, 'pxApp_1', large);

    expect((await archive.load(RUN, 'pxApp_1'))?.old).toEqual(large);
  });

  // prettier-ignore
  it.each([
    { what: 'half of one',            text: '{ "schema": 1, "old": { "im',                               says: /JSON/ },
    { what: 'other JSON',             text: '{ "name": "sluice" }',                                      says: /it is not an archived container/ },
    { what: 'null',                   text: 'null',                                                      says: /it is not an archived container/ },
    { what: 'one of the future',      text: '{ "schema": 2, "old": null }',                              says: /it has schema 2, this sluice knows 1/ },
    { what: 'one without its parts',  text: '{ "schema": 1, "old": {} }',                                says: /it is not whole/ },
    { what: 'one without an image',   text: '{ "schema": 1, "old": { "snapshot": "" } }',                says: /it is not whole/ },
    { what: 'an image without an id', text: '{ "schema": 1, "old": { "snapshot": "", "image": {} } }',   says: /it is not whole/ },
  ])('refuses $what', async ({ text, says }) => {
    const link = aLink();
    link.makeStateDir();
    mkdirSync(join(link.stateDir, 'archive', RUN), { recursive: true });
    writeFileSync(join(link.stateDir, 'archive', RUN, 'pxApp_1.json'), text);

    const loading = new FileArchive(link).load(RUN, 'pxApp_1');

    await expect(loading).rejects.toMatchObject({ code: 'error', message: expect.stringMatching(says) as unknown });
    await expect(loading).rejects.toThrow(`Cannot read the archive (${RUN}/pxApp_1) on fe1: `);
  });

  it('says so when there is no room, and keeps nothing of what did not fit', async () => {
    const link = aLink();
    const limited = Object.assign(Object.create(link) as LocalLink, {
      run: (command: string, options: object) => link.run(`ulimit -f 1; trap '' XFSZ; ${command}`, options),
    });
    const large = { image: { id: 'x', reference: 'y', digests: [] }, snapshot: 'env '.repeat(10_000) };

    await expect(new FileArchive(limited).save(RUN, 'pxApp_1', large)).rejects.toThrow('Cannot write the archive (');

    expect(await new FileArchive(link).load(RUN, 'pxApp_1')).toBeUndefined();
    expect(readdirSync(join(link.stateDir, 'archive', RUN))).toEqual([]);
  });

  it('says what to do about a folder that cannot be written', async () => {
    const link = aLink({ isOrdinary: true });
    link.makeStateDir(0o555);

    await expect(new FileArchive(link).save(RUN, 'pxApp_1', old)).rejects.toThrow(
      /^Cannot write the archive \(\S+\) on fe1: \S+ is not writable for \S+: make it group docker, mode 2770$/,
    );
  });

  it.runIf(process.getuid?.() === 0)(
    'says so when the folder cannot be entered, instead of finding nothing',
    async () => {
      const link = aLink({ isOrdinary: true });
      link.makeStateDir();
      mkdirSync(join(link.stateDir, 'archive'));
      chmodSync(join(link.stateDir, 'archive'), 0o700);

      await expect(new FileArchive(link).load(RUN, 'pxApp_1')).rejects.toThrow('cannot be entered by');
    },
  );
});
