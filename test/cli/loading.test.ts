import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openLoads, type LoadedBefore, type OpenLoads } from '../../src/cli/loading.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import type { Play } from '../../src/rollout/play.ts';
import { anInstance } from '../support/builders.ts';
import { dockerArchive, idOf, tarOf, type SavedImage } from '../support/saved-image.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-loading-'));
const shop = { tags: ['shop:1.4'], layers: ['base', 'shop'] };
const other = { tags: ['shop:1.4'], layers: ['base', 'shop'], about: 'built anew' };
const job = { tags: ['job:2'], layers: ['base', 'job'], about: 'job' };
let open: OpenLoads | undefined;
let engine: Server | undefined;
let engines = 0;

afterEach(async () => {
  await open?.close();
  engine?.close();
  [open, engine] = [undefined, undefined];
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function saved(name: string, ...images: readonly SavedImage[]): string {
  const path = join(folder, name);
  writeFileSync(path, tarOf(dockerArchive(...images)));
  return path;
}

function playsOf(...references: readonly string[]): readonly Play[] {
  const instances = references.map((image) => anInstance({ spec: { image, pullPolicy: 'always' } }));
  const play = { name: 'Front ends', serial: [{ hosts: 1 }] as const, maxFailPercentage: 0, policy: defaultPolicy };
  return [{ ...play, hosts: [{ host: 'fe1', instances }] }];
}

interface Asked {
  readonly plays?: readonly Play[];
  readonly files?: readonly string[];
  readonly fromEngine?: boolean;
  readonly before?: LoadedBefore;
  readonly environment?: Readonly<Record<string, string>>;
}

async function opened({ plays, files = [], fromEngine = false, before, environment = {} }: Asked): Promise<OpenLoads> {
  open = await openLoads(plays ?? playsOf('shop:1.4', 'job:2'), { files, fromEngine }, { environment, before });
  return open;
}

/** An Engine of this machine that has these images. */
async function ownEngine(...images: readonly SavedImage[]): Promise<Readonly<Record<string, string>>> {
  const named = new Map(
    images.flatMap((image) => [...(image.tags ?? []), idOf(image)].map((name) => [name, image] as const)),
  );
  engine = createServer((request, response) => {
    const [, name = '', what] = /^\/images\/(.+)\/(json|get)\??$/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    const image = named.get(name);
    if (!image) response.writeHead(404).end('{"message":"No such image"}');
    else if (what === 'json') response.writeHead(200).end(JSON.stringify({ Id: idOf(image) }));
    else response.writeHead(200).end(tarOf(dockerArchive({ ...image, tags: null })));
  });
  // A name of its own: connections to one that is gone are kept for a while.
  const socket = join(folder, `docker-${(engines += 1)}.sock`);
  engine.listen(socket);
  await once(engine, 'listening');
  return { DOCKER_HOST: `unix://${socket}`, TMPDIR: folder };
}

describe('openLoads()', () => {
  it('finds the images of the plays in the archives, and keeps what they are', async () => {
    const files = [saved('shop.tar', shop), saved('jobs.tar', job)];

    const { loads, record } = await opened({ files });

    expect(loads.get('shop:1.4')).toMatchObject({ id: idOf(shop), from: files[0] });
    expect(loads.get('job:2')).toMatchObject({ id: idOf(job), from: files[1] });
    expect(record).toContainEqual({
      ...{ reference: 'shop:1.4', id: idOf(shop), ids: [idOf(shop)], from: files[0], file: files[0] },
    });
  });

  it('leaves to the registry what no archive has', async () => {
    const { loads } = await opened({ files: [saved('shop.tar', shop)] });

    expect([...loads.keys()]).toEqual(['shop:1.4']);
  });

  // prettier-ignore
  it.each<{ why: string; asked: () => Asked; says: RegExp }>([
    { why: 'an archive of nothing that is wanted', asked: () => ({ files: [saved('a.tar', { ...shop, tags: ['shop:1.3'] })] }), says: /^Cannot load \S+a\.tar: it has shop:1\.3, and the plays want shop:1\.4, job:2$/ },
    { why: 'an archive that was saved by id',      asked: () => ({ files: [saved('a.tar', { ...shop, tags: null })] }),         says: /^Cannot load \S+a\.tar: it has an image without a name \(sha256:[0-9a-f]{64}\), and the plays want/ },
    { why: 'two images of one name',               asked: () => ({ files: [saved('a.tar', shop), saved('b.tar', other)] }),    says: /^Cannot load \S+b\.tar: it has another shop:1\.4 \(sha256:\w+\) than \S+a\.tar \(sha256:\w+\)$/ },
    { why: 'an Engine that is not there',          asked: () => ({ fromEngine: true, environment: { DOCKER_HOST: 'unix:///nowhere.sock' } }), says: /^Cannot load shop:1\.4 from the Engine of this machine \(unix:\/\/\/nowhere\.sock\): .*ENOENT/ },
    { why: 'an Engine by SSH',                     asked: () => ({ fromEngine: true, environment: { DOCKER_HOST: 'ssh://build' } }), says: /\(ssh:\/\/build\): it is reached by SSH: docker save -o image\.tar shop:1\.4, then --load image\.tar$/ },
    { why: 'an Engine of no address',              asked: () => ({ fromEngine: true, environment: { DOCKER_HOST: 'tcp://[:1' } }), says: /\(tcp:\/\/\[:1\): its address should be unix:\/\/… or tcp:\/\/…$/ },
  ])('refuses $why', async ({ asked, says }) => {
    await expect(opened(asked())).rejects.toMatchObject({ code: 'config', message: expect.stringMatching(says) as unknown });
  });

  it('takes from the Engine what no archive has, and leaves no file behind', async () => {
    const files = [saved('shop.tar', shop)];
    const environment = await ownEngine(other, job);
    const before = readdirSync(folder);

    const { loads, record } = await opened({ files, fromEngine: true, environment });

    expect(loads.get('shop:1.4')).toMatchObject({ id: idOf(shop) });
    expect(loads.get('job:2')).toMatchObject({
      id: idOf(job),
      from: `the Engine of this machine (${environment['DOCKER_HOST']})`,
    });
    expect(record.at(-1)).toMatchObject({ reference: 'job:2', file: undefined });
    expect(readdirSync(folder)).toEqual(before);
    const image = loads.get('job:2');
    let size = 0;
    if (typeof image?.open === 'function') for await (const piece of image.open()) size += piece.length;
    expect(size).toBe(image?.bytes);
  });

  it('says what the Engine does not have', async () => {
    const environment = await ownEngine(shop);

    await expect(opened({ fromEngine: true, environment })).rejects.toThrow(
      /^Cannot load job:2 from the Engine of this machine \(unix:\S+\): it does not have that image$/,
    );
  });
});

describe('openLoads() for a run that is gone on with', () => {
  const before = (file: string | undefined, image: SavedImage = shop): LoadedBefore => ({
    run: '2026',
    images: [{ reference: 'shop:1.4', id: idOf(image), ids: [idOf(image)], from: file ?? 'the Engine', file }],
  });

  it('takes the same image again from where it was', async () => {
    const { loads } = await opened({ before: before(saved('shop.tar', shop)) });

    expect(loads.get('shop:1.4')?.open).toBeTypeOf('function');
  });

  it('keeps to it by its id where the tag means another by now', async () => {
    const environment = await ownEngine(other, { ...shop, tags: [] });

    const { loads } = await opened({ before: before(undefined), environment });

    expect(loads.get('shop:1.4')).toMatchObject({ id: idOf(shop) });
    expect(loads.get('shop:1.4')?.open).toBeTypeOf('function');
  });

  it.each([
    ['is gone', () => join(folder, 'gone.tar'), /^is gone$/],
    ['has another now', () => saved('other.tar', other), /^has another \(sha256:\w+\) now$/],
    [
      'is no archive any more',
      () => (writeFileSync(join(folder, 'x.tar'), 'x'), join(folder, 'x.tar')),
      /^cannot be used: it is no tar archive$/,
    ],
  ])('still knows it when the archive %s', async (_, file, why) => {
    const { loads, record } = await opened({ before: before(file()) });

    expect(loads.get('shop:1.4')).toMatchObject({ id: idOf(shop), open: expect.stringMatching(why) as unknown });
    expect(record).toHaveLength(1);
  });

  it('takes it from another archive, and refuses another image', async () => {
    const moved = saved('moved.tar', shop);
    const { loads } = await opened({ before: before('/gone.tar'), files: [moved] });
    expect(loads.get('shop:1.4')).toMatchObject({ from: moved });

    await expect(opened({ before: before('/gone.tar'), files: [saved('other.tar', other)] })).rejects.toThrow(
      /^Cannot load \S+other\.tar: run 2026 has begun with another shop:1\.4 \(sha256:\w+ from \/gone\.tar\)$/,
    );
  });
});
