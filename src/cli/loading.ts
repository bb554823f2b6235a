/** `--load` and `--load-from-engine`: images that come from this machine, found before any host is reached. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ownImage } from '../adapters/docker/own-engine.ts';
import { endpointOf } from '../adapters/docker/own-endpoint.ts';
import { ArchiveFile } from '../adapters/image-archive/archive-file.ts';
import { Failure, isRefusal, reasonOf } from '../errors.ts';
import type { LoadedImage } from '../rollout/events.ts';
import { fullName } from '../rollout/image-change.ts';
import { specsOf } from '../rollout/model.ts';
import type { Play } from '../rollout/play.ts';
import type { LoadableImage, Loads } from '../runner/ports/ports.ts';
import type { Loading } from './command.ts';
import type { Surroundings } from './surroundings.ts';

type Environment = Surroundings['environment'];

/** Images of this machine, with what is held open for them. */
export interface OpenLoads {
  readonly loads: Loads;
  /** What the journal keeps of them. */
  readonly record: readonly LoadedImage[];
  readonly close: () => Promise<void>;
}

/** What the first part of a run had loaded. */
export interface LoadedBefore {
  readonly run: string;
  readonly images: readonly LoadedImage[];
}

interface Found {
  readonly image: LoadableImage;
  readonly file: string | undefined;
}

/** @throws Failure `config` for an archive that cannot be used, or an image that is not to be had */
export async function openLoads(
  plays: readonly Play[],
  asked: Loading,
  { environment, before }: { readonly environment: Environment; readonly before?: LoadedBefore | undefined },
): Promise<OpenLoads> {
  const found = new Map<string, Found>();
  const archives: ArchiveFile[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(archives.map((archive) => archive.close()));
  };
  const references = [...new Set(plays.flatMap(referencesIn))];
  try {
    for (const path of asked.files) {
      const archive = await ArchiveFile.at(path);
      archives.push(archive);
      takeFrom(archive, { path, references, found });
    }
    for (const reference of asked.fromEngine ? references.filter((one) => !found.has(one)) : []) {
      const { archive, image } = await savedFromEngine(reference, environment);
      archives.push(archive);
      found.set(reference, { image, file: undefined });
    }
    if (before) await takeAsBefore(before, { references, found, archives, environment });
  } catch (error) {
    await close();
    throw error;
  }
  const record = [...found].map(([reference, { image, file }]): LoadedImage => {
    const { id, ids, from } = image;
    return { reference, id, ids, from, file };
  });
  return { loads: new Map([...found].map(([reference, { image }]) => [reference, image])), record, close };
}

function referencesIn({ hosts }: Play): string[] {
  return hosts.flatMap(({ instances }) => instances.flatMap(specsOf).map(({ image }) => image));
}

interface Taking {
  readonly path: string;
  readonly references: readonly string[];
  readonly found: Map<string, Found>;
}

function takeFrom(archive: ArchiveFile, { path, references, found }: Taking): void {
  let isUsed = false;
  for (const reference of references) {
    const image = archive.find(reference);
    if (!image) continue;
    isUsed = true;
    const known = found.get(reference)?.image;
    if (known && known.id !== image.id) {
      const why = `it has another ${reference} (${image.id}) than ${known.from} (${known.id})`;
      throw new Failure('config', `Cannot load ${path}: ${why}`);
    }
    if (!known) found.set(reference, { image, file: resolve(path) });
  }
  if (isUsed) return;
  const wanted = references.length === 0 ? 'nothing' : references.join(', ');
  throw new Failure('config', `Cannot load ${path}: it has ${archive.contents}, and the plays want ${wanted}`);
}

/** What the run has begun with stays what it means, wherever that is now. */
async function takeAsBefore(
  { run, images }: LoadedBefore,
  {
    references,
    found,
    archives,
    environment,
  }: Omit<Taking, 'path'> & { archives: ArchiveFile[]; environment: Environment },
): Promise<void> {
  for (const then of images.filter(({ reference }) => references.includes(reference))) {
    const given = found.get(then.reference)?.image;
    if (given && !then.ids.includes(given.id)) {
      const why = `run ${run} has begun with another ${then.reference} (${then.id} from ${then.from})`;
      throw new Failure('config', `Cannot load ${given.from}: ${why}`);
    }
    if (given) continue;
    const again = await had(then, environment);
    if ('archive' in again) archives.push(again.archive);
    const image = 'archive' in again ? again.image : { ...then, bytes: 0, open: again.why };
    found.set(then.reference, { image, file: then.file });
  }
}

type Again = { readonly archive: ArchiveFile; readonly image: LoadableImage } | { readonly why: string };

/** The same image from where it was; only a host that does not have it needs it. */
async function had(then: LoadedImage, environment: Environment): Promise<Again> {
  const { reference, id, file, from } = then;
  try {
    if (file === undefined) return await savedFromEngine(reference, environment, id);
    const archive = await ArchiveFile.at(file);
    const image = archive.find(reference);
    if (image && then.ids.includes(image.id)) return { archive, image };
    await archive.close();
    return { why: `has ${image ? `another (${image.id})` : archive.contents} now` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return {
      why: isRefusal(error.cause, 'ENOENT')
        ? 'is gone'
        : `cannot be used: ${error.message.replace(`Cannot load ${from}: `, '')}`,
    };
  }
}

/**
 * As `docker save` would give it. It is kept in a file without a name, so that it is asked for once for all hosts, and
 * gone with this process, however that ends.
 */
async function savedFromEngine(
  reference: string,
  environment: Environment,
  id = reference,
): Promise<Extract<Again, { archive: ArchiveFile }>> {
  const endpoint = endpointOf(environment);
  const from = `the Engine of this machine (${endpoint.shown})`;
  const { save } = await ownImage(id, { endpoint });
  const handle = await nameless(environment['TMPDIR'] ?? '/var/tmp', from);
  try {
    await pipeline(save, createWriteStream('', { fd: handle.fd, autoClose: false }));
  } catch (error) {
    await handle.close();
    throw error instanceof Failure
      ? error
      : new Failure('config', `Cannot load ${reference} from ${from}: ${reasonOf(error)}`, { cause: error });
  }
  const archive = await ArchiveFile.in(handle, from);
  const image = archive.only(fullName(reference));
  if (image) return { archive, image };
  await archive.close();
  throw new Failure('config', `Cannot load ${reference} from ${from}: it gives ${archive.contents}`);
}

async function nameless(folder: string, from: string): Promise<FileHandle> {
  try {
    const own = await mkdtemp(join(folder, 'sluice-'));
    try {
      return await open(join(own, 'image.tar'), 'wx+', 0o600);
    } finally {
      await rm(own, { recursive: true });
    }
  } catch (error) {
    const why = `there is no room for it in ${folder}: ${reasonOf(error)}`;
    throw new Failure('config', `Cannot load from ${from}: ${why}`, { cause: error });
  }
}
