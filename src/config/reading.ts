/** Files of this machine, of which no more is read than anybody can mean: what is named may be a device or a disk. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { Complaints, decode, LARGEST, MB } from './document.ts';

const PIECE = 64 * 1024;

/**
 * All that a file holds.
 *
 * @throws Complaints if it is larger than `mostMb`
 * @throws Error as node:fs does if it cannot be read
 */
export function bytesOf(path: string, mostMb = LARGEST): Buffer {
  const most = mostMb * MB;
  return withFile(path, (file) => {
    const pieces: Buffer[] = [];
    let read = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const length = readSync(file, piece);
      if (length === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, length));
      read += length;
      if (read > most) throw tooLarge(path, Math.max(fstatSync(file).size, read), mostMb);
    }
  });
}

/** The first bytes of a file, as text, each a character. */
export function beginningOf(path: string, length: number): string {
  return withFile(path, (file) => {
    const bytes = Buffer.alloc(length);
    return bytes.toString('latin1', 0, readSync(file, bytes));
  });
}

/**
 * The text of a file.
 *
 * @throws Complaints if it is larger than `mostMb`, or no text
 * @throws Error as node:fs does if it cannot be read
 */
export function textOf(path: string, mostMb = LARGEST): string {
  return decode(path, bytesOf(path, mostMb), mostMb);
}

/**
 * Whether there is a folder.
 *
 * @throws Error as node:fs does if that cannot be told
 */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A folder that was come to by way of others, each by its real path. */
export interface Folder {
  readonly names: readonly string[];
  readonly way: readonly string[];
}

/**
 * What is in a folder.
 *
 * @throws Complaints if it is one of those that were come through
 * @throws Error as node:fs does if it cannot be read
 */
export function folderAt(path: string, way: readonly string[]): Folder {
  const real = realpathSync(path);
  if (way.includes(real)) {
    throw new Complaints([{ file: path, line: 1, column: 1, message: `leads round in a circle: it is in ${real}` }]);
  }
  return { names: readdirSync(path), way: [...way, real] };
}

function withFile<T>(path: string, use: (file: number) => T): T {
  const file = openSync(path, 'r');
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

function tooLarge(file: string, bytes: number, mostMb: number): Complaints {
  return new Complaints([{ file, line: 1, column: 1, message: `has ${bytes} bytes, more than ${mostMb} MB` }]);
}
