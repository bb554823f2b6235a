/** Reads an image archive once, from its beginning to its end: what is in it, and whether it is whole. */
import { createHash } from 'node:crypto';
import { BrokenTar, entriesOf, type TarEntry } from '../tar-reader.ts';

/** One file of the archive, by what is needed of it later. */
export interface ScannedFile {
  readonly size: number;
  /** Bytes of its header blocks. */
  readonly headSize: number;
  /** Of the content, in hex. */
  readonly sha256: string;
  readonly isCompressed: boolean;
  /** The content, where it is small and looks like JSON. */
  readonly json: string | undefined;
}

export interface Scanned {
  readonly files: ReadonlyMap<string, ScannedFile>;
  /** Where the links lead. */
  readonly links: ReadonlyMap<string, string>;
  /** Of the headers of all that is no file. */
  readonly otherBytes: number;
}

/** A manifest of an image, or its configuration, has some thousands of bytes. */
const LARGEST_JSON = 4 * 1024 * 1024;
/** Of all of them together: a file of small files must not fill the memory. */
const ALL_JSON = 64 * 1024 * 1024;
const MOST_FILES = 100_000;

export async function scan(bytes: AsyncIterable<Buffer>): Promise<Scanned> {
  const files = new Map<string, ScannedFile>();
  const links = new Map<string, string>();
  let jsonLeft = ALL_JSON;
  let otherBytes = 0;
  for await (const entry of entriesOf(bytes)) {
    if (files.size + links.size > MOST_FILES)
      throw new BrokenTar(`is no image archive: it has over ${MOST_FILES} files`);
    if (entry.kind === 'link') links.set(entry.name, linked(entry));
    if (entry.kind !== 'file') otherBytes += entry.head.length;
    if (entry.kind !== 'file') continue;
    const file = await read(entry, Math.min(jsonLeft, LARGEST_JSON));
    jsonLeft -= file.json?.length ?? 0;
    files.set(entry.name, file);
  }
  return { files, links, otherBytes };
}

async function read({ size, head, body }: TarEntry, jsonUpTo: number): Promise<ScannedFile> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let start: Buffer = Buffer.alloc(0);
  for await (const piece of body) {
    hash.update(piece);
    if (start.length < 4) start = Buffer.concat([start, piece.subarray(0, 4)]);
    if (size <= jsonUpTo && (start[0] === 0x7b || start[0] === 0x5b)) kept.push(Buffer.from(piece));
  }
  return {
    ...{ size, headSize: head.length, sha256: hash.digest('hex') },
    isCompressed: isCompressed(start),
    json: kept.length === 0 ? undefined : Buffer.concat(kept).toString('utf8'),
  };
}

/** By the first bytes of gzip, and of zstd. */
function isCompressed(start: Buffer): boolean {
  return ['1f8b', '28b5'].includes(start.toString('hex', 0, 2));
}

/** A symbolic link is told from where it stands, as `docker save` used to name layers that occur twice. */
function linked({ name, target, head }: TarEntry): string {
  const isSymbolic = head[head.length - 512 + 156] === '2'.charCodeAt(0);
  if (!isSymbolic) return target;
  const parts = name.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
