/** Image archives as `docker save` and its like write them, made by hand. */
import { createHash } from 'node:crypto';
import { packed } from '../../src/adapters/tar-writer.ts';

export interface SavedImage {
  readonly tags: readonly string[] | null;
  readonly layers: readonly string[];
  /** Makes one image differ from another. */
  readonly about?: string;
}

type Files = Readonly<Record<string, string>>;

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function configOf({ layers, about = '' }: SavedImage): string {
  const diffIds = layers.map((layer) => `sha256:${sha256(layer)}`);
  return JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    config: { Env: [about] },
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
}

export function idOf(image: SavedImage): string {
  return `sha256:${sha256(configOf(image))}`;
}

function manifestOf(image: SavedImage): string {
  const config = configOf(image);
  const layers = image.layers.map((layer) => ({ digest: `sha256:${sha256(layer)}`, size: layer.length }));
  return JSON.stringify({ schemaVersion: 2, config: { digest: idOf(image), size: config.length }, layers });
}

export function manifestDigestOf(image: SavedImage): string {
  return `sha256:${sha256(manifestOf(image))}`;
}

/** As Docker did up to 24. */
export function dockerArchive(...images: readonly SavedImage[]): Files {
  const manifest = images.map((image) => ({
    Config: `${sha256(configOf(image))}.json`,
    RepoTags: image.tags,
    Layers: image.layers.map((layer) => `${sha256(layer).slice(0, 8)}/layer.tar`),
  }));
  return {
    ...Object.fromEntries(images.map((image) => [`${sha256(configOf(image))}.json`, configOf(image)])),
    ...Object.fromEntries(
      images.flatMap(({ layers }) => layers.map((one) => [`${sha256(one).slice(0, 8)}/layer.tar`, one])),
    ),
    'manifest.json': JSON.stringify(manifest),
    repositories: '{}',
  };
}

/** An OCI layout alone, as BuildKit and skopeo write it. */
export function ociLayout(...images: readonly SavedImage[]): Files {
  const manifests = images.flatMap((image) =>
    (image.tags ?? ['']).map((tag) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: manifestDigestOf(image),
      size: manifestOf(image).length,
      annotations: tag === '' ? {} : { 'io.containerd.image.name': `docker.io/library/${tag}` },
    })),
  );
  const texts = images.flatMap((image) => [configOf(image), manifestOf(image), ...image.layers]);
  return {
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': JSON.stringify({ schemaVersion: 2, manifests }),
    ...Object.fromEntries(texts.map((text) => [`blobs/sha256/${sha256(text)}`, text])),
  };
}

/** Both in one, as Docker does from 25 on. */
export function savedArchive(...images: readonly SavedImage[]): Files {
  const manifest = images.map((image) => ({
    Config: `blobs/sha256/${sha256(configOf(image))}`,
    RepoTags: image.tags,
    Layers: image.layers.map((layer) => `blobs/sha256/${sha256(layer)}`),
  }));
  return { ...ociLayout(...images), 'manifest.json': JSON.stringify(manifest) };
}

export function tarOf(files: Files): Buffer {
  const owner = { mode: 0o644, uid: 0, gid: 0 };
  return packed(Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text), ...owner })));
}
