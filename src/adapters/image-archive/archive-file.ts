import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { Failure, reasonOf } from '../../errors.ts';
import { fullName, isImageId } from '../../rollout/image-change.ts';
import type { LoadableImage } from '../../runner/ports/ports.ts';
import { aloneIn, sizeAlone, writtenAlone } from './alone.ts';
import { imagesIn, type ArchivedImage } from './images-in.ts';
import { scan, type Scanned } from './scan.ts';
import { BrokenTar } from '../tar-reader.ts';

/** How files begin that are compressed in ways that nothing here can undo, in hex. */
const OTHER_COMPRESSIONS: readonly (readonly [string, string])[] = [
  ['28b52ffd', 'zstd'],
  ['fd377a58', 'xz'],
  ['425a68', 'bzip2'],
];

/** Bytes that are read at a time. */
const PIECE = 256 * 1024;

/** An archive as `docker save` writes it, on this machine: read once, found to be whole, and kept open. */
export class ArchiveFile {
  /** For people: a path, or the Engine of this machine. */
  readonly from: string;
  readonly #handle: FileHandle;
  readonly #size: number;
  readonly #isGzip: boolean;
  readonly #scanned: Scanned;
  readonly #images: readonly ArchivedImage[];

  private constructor(from: string, handle: FileHandle, known: Known) {
    this.from = from;
    this.#handle = handle;
    ({ size: this.#size, isGzip: this.#isGzip, scanned: this.#scanned, images: this.#images } = known);
  }

  /** @throws Failure `config` when it cannot be read, or is no image archive, or not whole */
  static async at(path: string): Promise<ArchiveFile> {
    const handle = await open(path).catch((error: unknown) => {
      throw new Failure('config', `Cannot load ${path}: ${whyNotOpen(error)}`, { cause: error });
    });
    return ArchiveFile.in(handle, path);
  }

  /** Takes the handle over, and closes it when it cannot be used. */
  static async in(handle: FileHandle, from: string): Promise<ArchiveFile> {
    try {
      return new ArchiveFile(from, handle, await known(handle));
    } catch (error) {
      await handle.close();
      const why = whyNotRead(error);
      if (why === undefined) throw error;
      throw new Failure('config', `Cannot load ${from}: ${why}`, { cause: error });
    }
  }

  /** What it has, for people. */
  get contents(): string {
    const named = this.#images.map(({ names, id }) =>
      names.length === 0 ? `an image without a name (${id})` : names.map(shown).join(', '),
    );
    return named.length === 0 ? 'no image' : named.join(', ');
  }

  /** The image that a play calls so: by its name, or by its id. */
  find(reference: string): LoadableImage | undefined {
    const name = fullName(reference);
    const image = this.#images.find(
      ({ names, ids }) => names.includes(name) || (isImageId(name) && ids.includes(name)),
    );
    return image && this.#loadable(image, name);
  }

  /** The image, whatever it is called in here, if there is only one. */
  only(reference: string): LoadableImage | undefined {
    const [image, ...others] = this.#images;
    return image && others.length === 0 ? this.#loadable(image, fullName(reference)) : undefined;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #loadable(image: ArchivedImage, name: string): LoadableImage {
    const { id, ids } = image;
    const isAlone = this.#images.length === 1 && image.names.join() === (isImageId(name) ? '' : name);
    if (isAlone) return { id, ids, from: this.from, bytes: this.#size, open: () => raw(this.#handle) };
    const alone = aloneIn(image, name, this.#images, this.#scanned);
    const bytes = sizeAlone(alone, this.#scanned);
    const open = (): AsyncIterable<Buffer> => writtenAlone(unpacked(this.#handle, this.#isGzip), alone);
    return { id, ids, from: this.from, bytes, open };
  }
}

interface Known {
  readonly size: number;
  readonly isGzip: boolean;
  readonly scanned: Scanned;
  readonly images: readonly ArchivedImage[];
}

async function known(handle: FileHandle): Promise<Known> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new BrokenTar(stat.isDirectory() ? 'is a folder' : 'is no file');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0);
  const start = buffer.toString('hex', 0, bytesRead);
  const [, other] = OTHER_COMPRESSIONS.find(([magic]) => start.startsWith(magic)) ?? [];
  if (other !== undefined) throw new BrokenTar(`is compressed with ${other}, and only gzip can be read`);
  const isGzip = start.startsWith('1f8b');
  const scanned = await scan(unpacked(handle, isGzip));
  return { size: stat.size, isGzip, scanned, images: imagesIn(scanned) };
}

function unpacked(handle: FileHandle, isGzip: boolean): AsyncIterable<Buffer> {
  if (!isGzip) return raw(handle);
  // What goes wrong comes out at the end that is read.
  return pipeline(raw(handle), createGunzip(), () => undefined);
}

/** From its beginning, whoever else reads it. */
async function* raw(handle: FileHandle): AsyncGenerator<Buffer, void> {
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function shown(name: string): string {
  return name.replace(/^docker\.io\/(library\/)?/, '');
}

function whyNotOpen(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  return code === 'EACCES' ? 'it may not be read' : reasonOf(error);
}

/** Completes the sentence; undefined for what is a bug of ours. */
function whyNotRead(error: unknown): string | undefined {
  if (error instanceof BrokenTar) return `it ${error.message}`;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return 'it is cut off: its compressed content ends too early';
  if (code.startsWith('Z_')) return `it is damaged: its compressed content cannot be read (${reasonOf(error)})`;
  return code === '' ? undefined : reasonOf(error);
}
