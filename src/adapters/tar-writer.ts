/**
 * Tar archives of plain files.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar Interchange Format)
 */

export const BLOCK = 512;

export interface TarFile {
  /** Without a leading slash; at most 100 bytes. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What an archive ends with. */
export const END_OF_TAR = Buffer.alloc(2 * BLOCK);

export function packed(files: readonly TarFile[]): Buffer {
  return Buffer.concat([...files.map(fileEntry), END_OF_TAR]);
}

/** A file as it is in an archive. */
export function fileEntry({ path, content, mode, uid, gid }: TarFile): Buffer {
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
  header.write('0', 156);
  header.write('ustar\u000000', 257, 'latin1');
  header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, content, paddingFor(content.length)]);
}

/** What fills the last block of so many bytes. */
export function paddingFor(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The checksum counts its own field as blanks. */
export function sumOf(header: Buffer): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
}
