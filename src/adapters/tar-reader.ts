/** Tar archives as streams: however large one is, no more than a piece of it is in memory. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BLOCK, paddingFor, sumOf, type TarFile } from './tar-writer.ts';

/** Of a name that does not fit into a header; more is no name. */
const LONGEST_NAME = 64 * 1024;

export interface TarEntry {
  /** Without a leading `./`. */
  readonly name: string;
  readonly kind: 'file' | 'link' | 'other';
  /** Of a link: what it names, as it says it. */
  readonly target: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Its header blocks, as they are in the archive. */
  readonly head: Buffer;
  /** To be read, once, before the next entry is asked for; what is not read is passed over. */
  readonly body: AsyncIterable<Buffer>;
}

/** The archive is not what it should be; completes "it …". */
export class BrokenTar extends Error {}

/** @throws BrokenTar where it is no archive, or ends too early */
export async function* entriesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void> {
  const source = new Source(bytes);
  try {
    let long: Readonly<Record<string, string>> = {};
    let before: Buffer[] = [];
    for (;;) {
      const header = await source.header();
      if (!header) return;
      const { kind, size, mode, uid, gid } = header;
      before.push(header.block);
      if ('gLKx'.includes(kind)) {
        const content = await source.take(size, LONGEST_NAME);
        before.push(content.padded);
        long = { ...long, ...longOf(kind, content.text) };
        continue;
      }
      const body = new Body(source, size);
      yield {
        name: cleaned(long['path'] ?? header.name),
        kind: kind === '0' || kind === '\0' ? 'file' : '12'.includes(kind) ? 'link' : 'other',
        target: long['linkpath'] ?? header.target,
        ...{ size, mode, uid, gid },
        head: Buffer.concat(before),
        body,
      };
      await body.passOver();
      [long, before] = [{}, []];
    }
  } finally {
    await source.close();
  }
}

/** The first entry of a small archive; undefined when that is no plain file, or not whole. */
export async function firstFileIn(tar: Buffer): Promise<TarFile | undefined> {
  try {
    for await (const { name, kind, mode, uid, gid, body } of entriesOf(Readable.from([tar]))) {
      if (kind !== 'file') return undefined;
      return { path: name, content: await buffer(body), mode, uid, gid };
    }
  } catch (error) {
    if (!(error instanceof BrokenTar)) throw error;
  }
  return undefined;
}

interface Header extends Pick<TarEntry, 'name' | 'target' | 'size' | 'mode' | 'uid' | 'gid'> {
  readonly block: Buffer;
  readonly kind: string;
}

class Source {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(bytes: AsyncIterable<Buffer>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** Undefined at the end of the archive. */
  async header(): Promise<Header | undefined> {
    const isFirst = this.#at === 0;
    const block = await this.#exactly(BLOCK, { mayEnd: true });
    if (!block || block.every((byte) => byte === 0)) {
      if (isFirst) throw new BrokenTar(block ? 'is no tar archive' : 'is empty');
      return undefined;
    }
    const sum = parseInt(textIn(block, 148, 8), 8);
    if (sum !== sumOf(block)) {
      throw new BrokenTar(isFirst ? 'is no tar archive' : `is damaged: there is no header at byte ${this.#at - BLOCK}`);
    }
    const prefix = textIn(block, 257, 6).startsWith('ustar') ? textIn(block, 345, 155) : '';
    const name = textIn(block, 0, 100);
    return {
      ...{ block, name: prefix === '' ? name : `${prefix}/${name}`, target: textIn(block, 157, 100) },
      ...{ kind: String.fromCharCode(block[156] ?? 0), size: numberIn(block, 124, 12) },
      ...{ mode: numberIn(block, 100, 8) & 0o7777, uid: numberIn(block, 108, 8), gid: numberIn(block, 116, 8) },
    };
  }

  /** The content of an entry that says something about the next. */
  async take(size: number, limit: number): Promise<{ readonly text: string; readonly padded: Buffer }> {
    if (size > limit) throw new BrokenTar(`is damaged: a name in it has ${size} bytes`);
    const padded = await this.#exactly(size + paddingFor(size).length);
    return { text: (padded ?? Buffer.alloc(0)).toString('utf8', 0, size), padded: padded ?? Buffer.alloc(0) };
  }

  /** The next bytes, `limit` at most; never none. */
  async some(limit: number): Promise<Buffer> {
    if (this.#rest.length === 0 && !(await this.#more())) throw this.#cut();
    const piece = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(piece.length);
    this.#at += piece.length;
    return piece;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #exactly(size: number, { mayEnd = false } = {}): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#more())) {
        if (mayEnd && pieces.length === 0) return undefined;
        throw this.#at < BLOCK ? new BrokenTar('is no tar archive') : this.#cut();
      }
      const piece = await this.some(left);
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#rest = next.value;
      if (this.#rest.length > 0) return true;
    }
  }

  #cut(): BrokenTar {
    return new BrokenTar(`is cut off after ${this.#at} bytes`);
  }
}

class Body implements AsyncIterable<Buffer> {
  readonly #source: Source;
  readonly #size: number;
  #left: number;
  #isPassed = false;

  constructor(source: Source, size: number) {
    this.#source = source;
    this.#size = size;
    this.#left = size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    while (this.#left > 0) {
      const piece = await this.#source.some(this.#left);
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** What was not read, and the padding. */
  async passOver(): Promise<void> {
    if (this.#isPassed) return;
    this.#isPassed = true;
    for (let left = this.#left + paddingFor(this.#size).length; left > 0;) {
      left -= (await this.#source.some(left)).length;
    }
  }
}

function textIn(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end === -1 ? at + length : Math.min(end, at + length));
}

/** In octal, or, where that has no room, as bytes behind a mark. */
function numberIn(block: Buffer, at: number, length: number): number {
  const isBinary = ((block[at] ?? 0) & 0x80) !== 0;
  const number = isBinary
    ? block.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, 0)
    : parseInt(textIn(block, at, length).trim() || '0', 8);
  if (!Number.isSafeInteger(number)) throw new BrokenTar('is damaged: a number in a header is none');
  return number;
}

/** What such an entry says of the one after it: GNU's long names, or POSIX's `length key=value` records. */
function longOf(kind: string, text: string): Readonly<Record<string, string>> {
  if (kind === 'L') return { path: text.replace(/\0.*$/s, '') };
  if (kind === 'K') return { linkpath: text.replace(/\0.*$/s, '') };
  if (kind === 'g') return {};
  const pairs = [...text.matchAll(/^\d+ ([^=\n]+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function cleaned(name: string): string {
  return name.replace(/^(\.?\/)+/, '');
}
