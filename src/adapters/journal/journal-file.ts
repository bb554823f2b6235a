import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, reasonOf } from '../../errors.ts';
import type { Journal } from '../../runner/ports/ports.ts';

/** What a journal writes to: a file that is open for appending. */
export type JournalSink = Pick<FileHandle, 'appendFile' | 'datasync' | 'truncate' | 'close'>;

export interface JournalFileOptions {
  readonly path: string;
  /** Told once, when it cannot be written any more. */
  readonly onFailure: (failure: Failure) => void;
}

/**
 * The journal of one run: a file of lines, only ever appended to.
 *
 * Lines that come while others are on their way to the disk go together in the next write, with one fdatasync for all
 * of them. After a write that failed nothing more is written: what is there ends with a whole line, if that can be had.
 */
export class JournalFile implements Journal {
  readonly #options: JournalFileOptions;
  readonly #sink: JournalSink;
  #queue: string[] = [];
  /** Lines since the file was made. */
  #taken: number;
  #onDisk: number;
  /** Bytes of whole lines on the disk. */
  #bytes: number;
  #round: Promise<void> | undefined;
  #failure: Failure | undefined;

  /** `there`: how much is in the file already. */
  constructor(
    sink: JournalSink,
    there: { readonly lines: number; readonly bytes: number },
    options: JournalFileOptions,
  ) {
    this.#sink = sink;
    this.#taken = this.#onDisk = there.lines;
    this.#bytes = there.bytes;
    this.#options = options;
  }

  /**
   * Makes a new file for this user only, in a folder for this user only.
   *
   * @throws Failure `error` that says what can be done about it
   */
  static async create(options: JournalFileOptions): Promise<JournalFile> {
    const { path } = options;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, 'ax', 0o600);
      // The file is there after a power cut only when its folder says so.
      await syncFolder(dirname(path));
      await syncFolder(dirname(dirname(path)));
      return new JournalFile(file, { lines: 0, bytes: 0 }, options);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /**
   * Opens the file of an earlier run to go on with it. A last line that was not written to its end is cut off. `bytes`:
   * its size when it was read, which what is to be done goes by.
   *
   * @throws Failure `locked` when somebody has written to it since, else `error`
   */
  static async goOn(options: JournalFileOptions, bytes: number): Promise<JournalFile> {
    const { path } = options;
    try {
      const file = await open(path, 'r+');
      const read = await file.readFile();
      if (read.length !== bytes) {
        await file.close();
        const why = 'somebody has gone on with that run since it was read: look at it, and say it again';
        throw new Failure('locked', `Cannot go on with the journal ${path}: ${why}`);
      }
      const lines = read.toString('utf8').split('\n').slice(0, -1);
      const whole = Buffer.byteLength(lines.map((line) => `${line}\n`).join(''));
      await file.truncate(whole);
      await file.close();
      return new JournalFile(await open(path, 'a'), { lines: lines.length, bytes: whole }, options);
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw unwritable(path, error);
    }
  }

  /** How many lines it has, with those on their way. */
  get lines(): number {
    return this.#taken;
  }

  /** Takes one line, without its end, to be written as soon as may be. */
  append(line: string): void {
    if (this.#failure) return;
    this.#queue.push(`${line}\n`);
    this.#taken += 1;
    this.#round ??= this.#writeRound();
  }

  async settled(): Promise<void> {
    const goal = this.#taken;
    while (this.#onDisk < goal && !this.#failure) await this.#round;
    if (this.#failure) throw this.#failure;
  }

  /** Writes what is left and closes the file. Never throws: whoever must know has been told. */
  async close(): Promise<void> {
    while (this.#round) await this.#round;
    await this.#sink.close().catch(() => undefined);
  }

  async #writeRound(): Promise<void> {
    // What is told in the same breath goes along.
    await Promise.resolve();
    const lines = this.#queue;
    this.#queue = [];
    const text = lines.join('');
    try {
      await this.#sink.appendFile(text);
      await this.#sink.datasync();
      this.#bytes += Buffer.byteLength(text);
      this.#onDisk += lines.length;
    } catch (error) {
      await this.#fail(error);
    }
    this.#round = this.#queue.length > 0 && !this.#failure ? this.#writeRound() : undefined;
  }

  async #fail(error: unknown): Promise<void> {
    const { path, onFailure } = this.#options;
    const failure = unwritable(path, error);
    await this.#sink.truncate(this.#bytes).catch(() => undefined);
    // One without a line would be the journal of a run that never was.
    if (this.#bytes === 0) await unlink(path).catch(() => undefined);
    this.#failure = failure;
    onFailure(failure);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unwritable(path: string, error: unknown): Failure {
  const what = `Cannot write the journal ${path}: ${reasonOf(error)}`;
  return new Failure('error', `${what} (make room, or name another folder in $SLUICE_STATE)`, { cause: error });
}
