/**
 * Which images an archive has. Docker writes a manifest.json; from Docker 25 on the same file is an OCI layout as well,
 * and other tools write only that.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 * @see https://github.com/moby/docker-image-spec/blob/main/v1.2.md
 */
import { fullName } from '../../rollout/image-change.ts';
import type { Scanned } from './scan.ts';
import { BrokenTar } from '../tar-reader.ts';

export interface ArchivedImage {
  /** The references it is called in the archive, in full. */
  readonly names: readonly string[];
  /** `sha256:…` of its configuration: what most Engines know it by. */
  readonly id: string;
  /** That and the digests of its manifests: what any Engine may know it by. */
  readonly ids: readonly string[];
  /** Paths in the archive. */
  readonly config: string;
  readonly layers: readonly string[];
  /** Its entries of index.json, if that is there. */
  readonly descriptors: readonly Descriptor[];
}

export interface Descriptor {
  readonly digest: string;
  readonly annotations: Readonly<Record<string, unknown>>;
  /** As it is written. */
  readonly written: object;
}

/** @throws BrokenTar where something is missing, or not what its digest says */
export function imagesIn(scanned: Scanned): readonly ArchivedImage[] {
  const index = jsonOf(scanned, 'index.json');
  const manifest = jsonOf(scanned, 'manifest.json');
  if (index === undefined && manifest === undefined) {
    throw new BrokenTar(
      'is no image archive: it has neither a manifest.json nor an index.json (docker save makes one)',
    );
  }
  const described = descriptorsIn(index).map((one) => ({ ...one, manifests: manifestsOf(one.digest, scanned) }));
  const images = manifest === undefined ? described.flatMap(ofLayout) : ofManifest(manifest, described);
  for (const image of images) check(image, scanned);
  return images;
}

interface Manifest {
  /** Of itself and of the indexes around it. */
  readonly digests: readonly string[];
  readonly config: string;
  readonly layers: readonly string[];
}

type Described = Descriptor & { readonly manifests: readonly Manifest[] };

function ofManifest(manifest: unknown, described: readonly Described[]): ArchivedImage[] {
  return listOf(manifest, 'manifest.json').map((entry) => {
    const { Config: config, RepoTags, Layers } = recordOf(entry, 'manifest.json');
    const layers = textsOf(Layers ?? [], 'manifest.json');
    if (typeof config !== 'string')
      throw new BrokenTar('is no image archive: an image in its manifest.json has no Config');
    const hex = /([0-9a-f]{64})(\.json)?$/.exec(config)?.[1];
    if (hex === undefined) throw new BrokenTar(`is no image archive: "${config}" in its manifest.json names no digest`);
    const id = `sha256:${hex}`;
    const own = described.filter(({ manifests }) => manifests.some((one) => one.config === id));
    const digests = own.flatMap(({ manifests }) => manifests.flatMap((one) => one.digests));
    const names = textsOf(RepoTags ?? [], 'manifest.json').map(fullName);
    return { names, id, ids: [...new Set([id, ...digests])], config, layers, descriptors: own };
  });
}

function ofLayout({ manifests, ...descriptor }: Described): ArchivedImage[] {
  const names = namesOf(descriptor);
  if (manifests.length > 1) {
    const several = `has ${names[0] ?? descriptor.digest} for ${manifests.length} platforms`;
    throw new BrokenTar(`${several}: save it for that of the hosts`);
  }
  return manifests.map(({ digests, config, layers }) => {
    const paths = { config: blobOf(config), layers: layers.map(blobOf) };
    return { names, id: config, ids: [...new Set([config, ...digests])], ...paths, descriptors: [descriptor] };
  });
}

/** containerd's annotation has the whole name; that of OCI often only the tag. */
export function namesOf({ annotations }: Descriptor): readonly string[] {
  const whole = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
  return typeof whole === 'string' && /[/:]/.test(whole) ? [fullName(whole)] : [];
}

function descriptorsIn(index: unknown): Descriptor[] {
  if (index === undefined) return [];
  return listOf(recordOf(index, 'index.json')['manifests'], 'index.json').map((one) => {
    const written = recordOf(one, 'index.json');
    const { digest, annotations } = written;
    if (typeof digest !== 'string')
      throw new BrokenTar('is no image archive: a manifest in its index.json has no digest');
    return { digest, annotations: annotations === undefined ? {} : recordOf(annotations, 'index.json'), written };
  });
}

/** The manifests under a descriptor whose content is there: of other platforms there may be only the names. */
function manifestsOf(digest: string, scanned: Scanned, above: readonly string[] = []): Manifest[] {
  const path = blobOf(digest);
  const written = jsonOf(scanned, path);
  if (written === undefined || above.includes(digest)) return [];
  const { manifests, config, layers } = recordOf(written, path);
  const digests = [...above, digest];
  if (manifests !== undefined) {
    const below = listOf(manifests, path).map((one) => recordOf(one, path));
    const images = below.filter(({ annotations }) => !isAttestation(annotations));
    return images.flatMap((one) =>
      typeof one['digest'] === 'string' ? manifestsOf(one['digest'], scanned, digests) : [],
    );
  }
  const { digest: id } = recordOf(config, path);
  if (typeof id !== 'string' || !scanned.files.has(blobOf(id))) return [];
  const blobs = listOf(layers, path).map((layer) => recordOf(layer, path)['digest']);
  return [{ digests, config: id, layers: textsOf(blobs, path) }];
}

/** What BuildKit says about an image, beside it. */
function isAttestation(annotations: unknown): boolean {
  return typeof annotations === 'object' && annotations !== null && 'vnd.docker.reference.type' in annotations;
}

/** Whether all of it is there, and is what it is said to be. */
function check({ id, config, layers }: ArchivedImage, scanned: Scanned): void {
  const found = fileAt(config, scanned);
  if (`sha256:${found.sha256}` !== id) throw new BrokenTar(`is damaged: ${config} is not what its name says`);
  const { rootfs } = recordOf(jsonOf(scanned, config) ?? {}, config);
  const contents = rootfs === undefined ? [] : (recordOf(rootfs, config)['diff_ids'] ?? []);
  const diffIds = textsOf(contents, config);
  if (diffIds.length !== layers.length) {
    throw new BrokenTar(`is damaged: ${config} tells of ${diffIds.length} layers, and there are ${layers.length}`);
  }
  for (const [index, path] of layers.entries()) {
    const layer = fileAt(path, scanned);
    const isAsNamed = path.startsWith('blobs/') && path.endsWith(`/${layer.sha256}`);
    const isContent = diffIds[index] === `sha256:${layer.sha256}`;
    const cannotBeTold = layer.isCompressed && !path.startsWith('blobs/');
    if (!isAsNamed && !isContent && !cannotBeTold)
      throw new BrokenTar(`is damaged: the layer ${path} is not what its digest says`);
  }
}

function fileAt(path: string, { files, links }: Scanned): ReturnType<Scanned['files']['get']> & object {
  const found = files.get(path) ?? files.get(links.get(path) ?? '');
  if (!found) throw new BrokenTar(`is not whole: ${path} is missing`);
  return found;
}

function blobOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function jsonOf({ files }: Scanned, path: string): unknown {
  const file = files.get(path);
  if (!file) return undefined;
  try {
    return JSON.parse(file.json ?? '');
  } catch (error) {
    throw new BrokenTar(`is damaged: ${path} is no JSON`, { cause: error });
  }
}

function recordOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new BrokenTar(`is no image archive: ${path} does not read as one of an image`);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new BrokenTar(`is no image archive: ${path} does not read as one of an image`);
}

function textsOf(value: unknown, path: string): readonly string[] {
  const list = listOf(value, path);
  if (list.every((item) => typeof item === 'string')) return list;
  throw new BrokenTar(`is no image archive: ${path} does not read as one of an image`);
}
