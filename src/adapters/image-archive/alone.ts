/** An archive with one image of another, under the one name that is asked for: a host gets that and nothing else. */
import { isImageId } from '../../rollout/image-change.ts';
import { namesOf, type ArchivedImage } from './images-in.ts';
import type { Scanned } from './scan.ts';
import { entriesOf } from '../tar-reader.ts';
import { END_OF_TAR, fileEntry, paddingFor } from '../tar-writer.ts';

/** What is written anew, or not needed. */
const LISTS: readonly string[] = ['manifest.json', 'index.json', 'repositories'];

export interface Alone {
  readonly image: ArchivedImage;
  /** As the play has it, in full. */
  readonly name: string;
  /** Paths in the archive that only other images need. */
  readonly without: ReadonlySet<string>;
}

export function aloneIn(image: ArchivedImage, name: string, all: readonly ArchivedImage[], scanned: Scanned): Alone {
  const own = [...partsOf(image)];
  const needed = new Set([...own, ...own.flatMap((path) => scanned.links.get(path) ?? [])]);
  const linked = new Set(scanned.links.values());
  const foreign = all.flatMap(partsOf).filter((path) => !needed.has(path) && !linked.has(path));
  return { image, name, without: new Set([...foreign, ...LISTS]) };
}

function partsOf({ ids, config, layers }: ArchivedImage): readonly string[] {
  return [config, ...layers, ...ids.map((id) => `blobs/${id.replace(':', '/')}`)];
}

/** How many bytes `writtenAlone` will give. */
export function sizeAlone(alone: Alone, { files, otherBytes }: Scanned): number {
  const kept = [...files].filter(([path]) => !alone.without.has(path));
  const bytes = kept.map(([, { headSize, size }]) => headSize + size + paddingFor(size).length);
  return bytes.reduce((sum, one) => sum + one, otherBytes + listsFor(alone).length + END_OF_TAR.length);
}

export async function* writtenAlone(bytes: AsyncIterable<Buffer>, alone: Alone): AsyncGenerator<Buffer, void> {
  for await (const { name, head, body, size } of entriesOf(bytes)) {
    if (alone.without.has(name)) continue;
    yield head;
    yield* body;
    yield paddingFor(size);
  }
  yield listsFor(alone);
  yield END_OF_TAR;
}

/** Also of an archive that is only an OCI layout: Engines before 25 know nothing but manifest.json. */
function listsFor({ image: { config, layers, descriptors }, name }: Alone): Buffer {
  const tags = isImageId(name) ? null : [name];
  const manifest = JSON.stringify([{ Config: config, RepoTags: tags, Layers: layers }]);
  const lists = [listFile('manifest.json', manifest)];
  const named = descriptors.filter((one) => namesOf(one).length === 0 || namesOf(one).includes(name));
  const manifests = named.map(({ written }) => written);
  if (manifests.length > 0) {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    lists.push(listFile('index.json', JSON.stringify({ schemaVersion: 2, mediaType, manifests })));
  }
  return Buffer.concat(lists);
}

function listFile(path: string, text: string): Buffer {
  return fileEntry({ path, content: Buffer.from(text), mode: 0o644, uid: 0, gid: 0 });
}
