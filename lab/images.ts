import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { digestOf, hasBlob, publishedDigest, pushBlob, pushManifest, registryDir } from './registry.ts';
import { labDir, projectDir } from './settings.ts';
import { run } from './shell.ts';

/** Every tag of the application, by what it sets in the environment of lab/app/app.js. */
export const variants: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v1: { APP_VERSION: 'v1' },
  v2: { APP_VERSION: 'v2' },
  v3: { APP_VERSION: 'v3' },
  unhealthy: { APP_VERSION: 'unhealthy', BEHAVIOUR: 'unhealthy' },
  exits: { APP_VERSION: 'exits', BEHAVIOUR: 'exits' },
  hangs: { APP_VERSION: 'hangs', BEHAVIOUR: 'hangs' },
  errors: { APP_VERSION: 'errors', BEHAVIOUR: 'errors' },
};

/** Tag to digest, of what the registry has. */
export type Digests = ReadonlyMap<string, string>;

interface Layer {
  readonly digest: string;
  readonly size: number;
}

interface Published {
  /** What `base` was made of. */
  readonly madeOf: string;
  readonly base: Layer;
}

const publishedFile = join(registryDir, 'published.json');
const workDir = join(labDir, 'images');
const second = 1_000_000_000;
/** busybox, a tenth of the cost of node; not its wget, which a static glibc makes crash when it looks up "http". */
const probe = `printf 'GET /health HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8080 | grep -q ' 200 '`;

/**
 * Publishes every variant and answers the digest of each. Layers and manifests are made here, without an Engine: it
 * can be done while the Engines start. What the registry has already is not made again.
 */
export async function publishImages(): Promise<Digests> {
  const base = await baseLayer();
  const app = await pushLayer(await appLayer());
  const digests = new Map<string, string>();
  for (const [tag, environment] of Object.entries(variants)) {
    const version = await pushLayer(await tarOf('version', { 'app/VERSION': `${tag}\n` }));
    await pushImage(tag, { layers: [base, app, version], environment });
    digests.set(tag, (await publishedDigest(tag)) ?? '');
  }
  rmSync(workDir, { recursive: true, force: true });
  return digests;
}

/** The machine's own node with its libraries, and busybox: 110 MB, made once per node. */
async function baseLayer(): Promise<Layer> {
  const { size, mtimeMs } = statSync(process.execPath);
  const madeOf = `3 ${process.execPath} ${size} ${mtimeMs}`;
  const known = existsSync(publishedFile) ? (JSON.parse(readFileSync(publishedFile, 'utf8')) as Published) : undefined;
  if (known?.madeOf === madeOf && (await hasBlob(known.base.digest))) return known.base;
  const root = join(workDir, 'base');
  rmSync(root, { recursive: true, force: true });
  const libraries = (await run('ldd', [process.execPath]))
    .match(/\/\S+/g)
    ?.filter((path) => path !== `${process.execPath}:`);
  for (const library of libraries ?? []) copyInto(root, library, library);
  copyInto(root, process.execPath, '/usr/bin/node');
  copyInto(root, '/bin/busybox', '/bin/busybox');
  for (const command of ['sh', 'printf', 'nc', 'grep', 'cat', 'ls', 'ps', 'sleep', 'kill', 'env'])
    symlinkSync('busybox', join(root, 'bin', command));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  const base = await pushLayer(await tar(root));
  writeFileSync(`${publishedFile}.new`, JSON.stringify({ madeOf, base } satisfies Published));
  renameSync(`${publishedFile}.new`, publishedFile);
  return base;
}

async function appLayer(): Promise<Buffer> {
  const source = readFileSync(join(projectDir(), 'lab/app/app.js'), 'utf8');
  return await tarOf('app', { 'app/app.js': source, 'app/package.json': '{"type":"module"}\n' });
}

interface Image {
  readonly layers: readonly Layer[];
  readonly environment: Readonly<Record<string, string>>;
}

/** @see https://github.com/opencontainers/image-spec/blob/main/config.md, and Docker's Healthcheck beside it */
async function pushImage(tag: string, { layers, environment }: Image): Promise<void> {
  const variables = { PATH: '/usr/bin:/bin', PORT: '8080', START_DELAY_MS: '500', ...environment };
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2024-01-01T00:00:00Z',
    config: {
      Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      Cmd: ['/usr/bin/node', '/app/app.js'],
      WorkingDir: '/app',
      ExposedPorts: { '8080/tcp': {} },
      Healthcheck: {
        Test: ['CMD', '/bin/sh', '-c', probe],
        Interval: second,
        Timeout: 2 * second,
        StartPeriod: 5 * second,
        Retries: 3,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  };
  const content = Buffer.from(JSON.stringify(config));
  await pushBlob(content);
  await pushManifest(tag, {
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: content.length,
      digest: digestOf(content),
    },
    layers: layers.map((layer) => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...layer })),
  });
}

/** Layers are not compressed, which Engines allow: their digest so is also their diff id. */
async function pushLayer(content: Buffer): Promise<Layer> {
  return { digest: await pushBlob(content), size: content.length };
}

async function tarOf(name: string, files: Readonly<Record<string, string>>): Promise<Buffer> {
  const root = join(workDir, name);
  rmSync(root, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return await tar(root);
}

/** The same bytes for the same files, on whatever day they are packed. */
async function tar(root: string): Promise<Buffer> {
  const file = `${root}.tar`;
  const always = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  await run('tar', [...always, '-C', root, '-cf', file, '.']);
  return readFileSync(file);
}

function copyInto(root: string, from: string, to: string): void {
  const target = join(root, to);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(from, target);
  chmodSync(target, 0o755);
}
