import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { ArchiveFile } from '../../../src/adapters/image-archive/archive-file.ts';
import { Failure } from '../../../src/errors.ts';
import type { LoadableImage } from '../../../src/runner/ports/ports.ts';
import {
  configOf,
  dockerArchive,
  idOf,
  manifestDigestOf,
  ociLayout,
  savedArchive,
  sha256,
  tarOf,
} from '../../support/saved-image.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-archive-'));
let count = 0;

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const shop = { tags: ['shop:1.4'], layers: ['base'.repeat(1_000), 'shop'] };
const job = { tags: ['job:2', 'job:latest'], layers: ['base'.repeat(1_000), 'job'], about: 'job' };

function fileOf(content: Buffer | string): string {
  const path = join(folder, `${(count += 1)}.tar`);
  writeFileSync(path, content);
  return path;
}

async function found(path: string, reference: string): Promise<LoadableImage | undefined> {
  const archive = await ArchiveFile.at(path);
  try {
    return archive.find(reference);
  } finally {
    await archive.close();
  }
}

/** What the hosts get of it, as GNU tar reads it. */
async function sent(path: string, reference: string): Promise<Readonly<Record<string, string>>> {
  const archive = await ArchiveFile.at(path);
  const image = archive.find(reference);
  if (!image || typeof image.open === 'string') throw new Error('it is not there');
  const pieces: Uint8Array[] = [];
  for await (const piece of image.open()) pieces.push(piece);
  await archive.close();
  const bytes = Buffer.concat(pieces);
  expect(bytes.length).toBe(image.bytes);
  const copy = fileOf(bytes);
  const names = execFileSync('tar', ['-tf', copy], { encoding: 'utf8' }).trim().split('\n');
  return Object.fromEntries(
    names.map((name) => [name, execFileSync('tar', ['-xOf', copy, name], { encoding: 'utf8' })]),
  );
}

describe('ArchiveFile', () => {
  it.each([
    ['as Docker wrote it up to 24', dockerArchive(shop, job)],
    ['as Docker writes it', savedArchive(shop, job)],
    ['as an OCI layout alone', ociLayout(shop, job)],
  ])('finds an image %s, by its name as written anywhere, or its id', async (_, files) => {
    const path = fileOf(tarOf(files));

    for (const name of ['shop:1.4', 'docker.io/library/shop:1.4', 'library/shop:1.4', idOf(shop)]) {
      expect(await found(path, name), name).toMatchObject({ id: idOf(shop), from: path });
    }
    expect(await found(path, 'job')).toMatchObject({ id: idOf(job) });
    for (const name of ['shop', 'shop:1.3', 'example.com/shop:1.4', `shop@${idOf(shop)}`]) {
      expect(await found(path, name), name).toBeUndefined();
    }
  });

  it('knows an image by its manifest too, as an Engine with the image store of containerd does', async () => {
    const path = fileOf(tarOf(savedArchive(shop)));

    expect((await found(path, 'shop:1.4'))?.ids).toEqual([idOf(shop), manifestDigestOf(shop)]);
  });

  it('gives an archive that has nothing else as it is, compressed or not', async () => {
    const plain = tarOf(dockerArchive(shop));
    for (const content of [plain, gzipSync(plain)]) {
      expect((await found(fileOf(content), 'shop:1.4'))?.bytes).toBe(content.length);
    }
    expect(await sent(fileOf(gzipSync(plain)), 'shop:1.4')).toEqual(dockerArchive(shop));
  });

  it.each([
    ['as Docker wrote it up to 24', dockerArchive],
    ['as Docker writes it', savedArchive],
    ['as an OCI layout alone', ociLayout],
  ] as const)('gives of an archive %s one image, and no other name', async (_, archived) => {
    for (const content of [tarOf(archived(shop, job)), gzipSync(tarOf(archived(shop, job)))]) {
      const { 'manifest.json': manifest = '', 'index.json': index, ...files } = await sent(fileOf(content), 'job');

      const [only, ...others] = JSON.parse(manifest) as { Config: string; RepoTags: string[]; Layers: string[] }[];
      expect(others).toEqual([]);
      expect(only?.RepoTags).toEqual(['docker.io/library/job:latest']);
      expect(only?.Layers.map((path) => files[path])).toEqual(job.layers);
      expect(files[only?.Config ?? '']).toBe(configOf(job));
      expect(Object.values(files)).not.toContain('shop');
      if (index !== undefined) {
        const { manifests } = JSON.parse(index) as { manifests: { digest: string; annotations: object }[] };
        expect(manifests).toMatchObject([
          {
            digest: manifestDigestOf(job),
            annotations: { 'io.containerd.image.name': 'docker.io/library/job:latest' },
          },
        ]);
      }
    }
  });

  it('reads what GNU tar writes: long names, folders, links to layers', async () => {
    const place = join(folder, 'tree');
    const long = `${'a'.repeat(90)}/${'b'.repeat(60)}`;
    const files = dockerArchive(shop);
    const [first = '', second = ''] = shop.layers.map((layer) => `${sha256(layer).slice(0, 8)}/layer.tar`);
    const renamed = JSON.parse(
      (files['manifest.json'] ?? '').replace(second, `${long}/layer.tar`).replace(first, 'c/layer.tar'),
    ) as object;
    for (const [name, text] of Object.entries({
      ...files,
      'manifest.json': JSON.stringify(renamed),
      [`${long}/layer.tar`]: 'shop',
    })) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), text);
    }
    mkdirSync(join(place, 'c'));
    symlinkSync(`../${first}`, join(place, 'c/layer.tar'));

    for (const format of ['gnu', 'pax', 'ustar']) {
      const path = join(folder, `${format}.tar`);
      execFileSync('tar', ['-C', place, `--format=${format}`, '-cf', path, '.']);
      expect(await found(path, 'shop:1.4'), format).toMatchObject({ id: idOf(shop) });
    }
    expect(Object.keys(await sent(join(folder, 'gnu.tar'), idOf(shop)))).toContain(`./${long}/layer.tar`);
  });
});

describe('ArchiveFile refuses', () => {
  const whole = tarOf(savedArchive(shop));
  const damaged = Buffer.from(whole);
  damaged[whole.indexOf('basebase') + 100] = 0;
  const without = (name: string): Buffer => {
    return tarOf(Object.fromEntries(Object.entries(savedArchive(shop)).filter(([path]) => path !== name)));
  };
  const manifest = (text: string): Buffer => tarOf({ ...dockerArchive(shop), 'manifest.json': text });
  const layer = `blobs/sha256/${sha256(shop.layers[0] ?? '')}`;
  const platforms = ociLayout(shop, job);
  const both = JSON.stringify({ manifests: [{ digest: manifestDigestOf(shop) }, { digest: manifestDigestOf(job) }] });
  const twice = JSON.stringify({ manifests: [{ digest: `sha256:${sha256(both)}` }] });

  // prettier-ignore
  it.each<{ why: string; content: Buffer | string; says: string }>([
    { why: 'an empty file',              content: '',                             says: 'it is empty' },
    { why: 'a text',                     content: '- hosts: fe\n',                says: 'it is no tar archive' },
    { why: 'a long text',                content: '- hosts: fe\n'.repeat(1_000),  says: 'it is no tar archive' },
    { why: 'nothing but zeros',          content: Buffer.alloc(10_240),           says: 'it is no tar archive' },
    { why: 'what gzip did not finish',   content: gzipSync(whole).subarray(0, 200), says: 'it is cut off: its compressed content ends too early' },
    { why: 'gzip of a text',             content: gzipSync('hello'),              says: 'it is no tar archive' },
    { why: 'a damaged gzip',             content: Buffer.concat([gzipSync(whole).subarray(0, 100), Buffer.alloc(100, 7)]), says: 'it is damaged: its compressed content cannot be read' },
    { why: 'zstd',                       content: Buffer.from('28b52ffd00000000', 'hex'), says: 'it is compressed with zstd, and only gzip can be read' },
    { why: 'an archive of other files',  content: tarOf({ 'etc/passwd': 'root' }), says: 'it is no image archive: it has neither a manifest.json nor an index.json (docker save makes one)' },
    { why: 'the middle of an archive',   content: whole.subarray(512),            says: 'it is no tar archive' },
    { why: 'half an archive',            content: whole.subarray(0, 3_000),       says: 'it is cut off after 3000 bytes' },
    { why: 'a header that is no header', content: Buffer.concat([whole.subarray(0, 1_024), Buffer.alloc(512, 'x')]), says: 'it is damaged: there is no header at byte 1024' },
    { why: 'a layer that is missing',    content: without(layer),                 says: `it is not whole: ${layer} is missing` },
    { why: 'a damaged layer',            content: damaged,                        says: `it is damaged: the layer ${layer} is not what its digest says` },
    { why: 'a damaged configuration',    content: tarOf({ ...dockerArchive(shop), [`${sha256(configOf(shop))}.json`]: '{}' }), says: `it is damaged: ${sha256(configOf(shop))}.json is not what its name says` },
    { why: 'a manifest that is no JSON', content: manifest('[{'),                 says: 'it is damaged: manifest.json is no JSON' },
    { why: 'a manifest of something else', content: manifest('{"a":1}'),          says: 'it is no image archive: manifest.json does not read as one of an image' },
    { why: 'a manifest of numbers',      content: manifest('[1]'),                says: 'it is no image archive: manifest.json does not read as one of an image' },
    { why: 'a configuration elsewhere',  content: manifest('[{"Config":"../../etc/passwd"}]'), says: 'it is no image archive: "../../etc/passwd" in its manifest.json names no digest' },
    { why: 'several platforms',          content: tarOf({ ...platforms, [`blobs/sha256/${sha256(both)}`]: both, 'index.json': twice }), says: `it has sha256:${sha256(both)} for 2 platforms: save it for that of the hosts` },
  ])('$why', async ({ content, says }) => {
    const path = fileOf(content);

    const failure = await ArchiveFile.at(path).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'config', message: expect.stringContaining(`Cannot load ${path}: ${says}`) as unknown });
  });

  it('what is not there, and a folder', async () => {
    await expect(ArchiveFile.at('/nowhere/a.tar')).rejects.toThrow('Cannot load /nowhere/a.tar: there is no such file');
    await expect(ArchiveFile.at(folder)).rejects.toThrow(`Cannot load ${folder}: it is a folder`);
  });

  it('what is cut off anywhere', async () => {
    const path = fileOf(whole);
    const needed = whole.length - 1_024;
    for (let size = needed - 1; size > 0; size -= 397) {
      truncateSync(path, size);
      await expect(ArchiveFile.at(path), String(size)).rejects.toMatchObject({ code: 'config' });
    }
    expect(readFileSync(path).length).toBeGreaterThan(0);
  });
});
