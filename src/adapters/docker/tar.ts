/**
 * The little of tar that files in containers need: plain files, one after the other.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar Interchange Format)
 */

export interface TarFile {
  /** Without a leading slash; at most 100 bytes. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const BLOCK = 512;
const FILE = '0';
/** What says something of the entry after it: extended headers, and GNU's long names. */
const preambles = new Set(['x', 'g', 'L', 'K']);

export function packed(files: readonly TarFile[]): Buffer {
  return Buffer.concat([...files.flatMap((file) => [headerOf(file), padded(file.content)]), Buffer.alloc(2 * BLOCK)]);
}

/** The first entry; undefined when that is no plain file. */
export function firstFileIn(tar: Buffer): TarFile | undefined {
  for (let at = 0; at + BLOCK <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK);
    const size = numberAt(header, 124, 12);
    const type = String.fromCharCode(header[156] ?? 0);
    const start = at + BLOCK;
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (preambles.has(type)) continue;
    if ((type !== FILE && type !== '\0') || start + size > tar.length) return undefined;
    return {
      path: textAt(header, 0, 100),
      content: tar.subarray(start, start + size),
      ...{ mode: numberAt(header, 100, 8) & 0o7777, uid: numberAt(header, 108, 8), gid: numberAt(header, 116, 8) },
    };
  }
  return undefined;
}

function headerOf({ path, content, mode, uid, gid }: TarFile): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(path, 0, 100);
  const numbers = [
    [mode, 100, 8],
    [uid, 108, 8],
    [gid, 116, 8],
    [content.length, 124, 12],
    [0, 136, 12],
  ] as const;
  for (const [number, at, length] of numbers) header.write(number.toString(8).padStart(length - 1, '0'), at);
  header.write(FILE, 156);
  header.write('ustar\u000000', 257, 'latin1');
  header.write(' '.repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

function textAt(header: Buffer, at: number, length: number): string {
  return header.toString('utf8', at, at + length).split('\0', 1)[0] ?? '';
}

/** Octal digits, or, where they do not suffice, bytes after one that begins with a set bit. */
function numberAt(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) === 0) return parseInt(textAt(header, at, length).trim() || '0', 8);
  return field.subarray(1).reduce((number, byte) => number * 256 + byte, 0);
}
