import { Failure } from '../../src/errors.ts';
import type { HostRecord, RecordEntry } from '../../src/runner/ports/ports.ts';

/** As `Turns` counts. */
const PER_SECOND = 1_000;

/** What is on the disk of a host. */
export class FakeRecordFile {
  entries: readonly RecordEntry[] = [];
  /** The number of the last write. */
  order = 0;
  isTorn = false;
  isWritable = true;
}

/** The undo record of a host as one connection has it. */
export class FakeRecord implements HostRecord {
  readonly #host: string;
  readonly #file: FakeRecordFile;
  /** What the next write has; 0 before anything was read. */
  #next = 0;

  constructor(host: string, file: FakeRecordFile) {
    this.#host = host;
    this.#file = file;
  }

  async read(): Promise<readonly RecordEntry[]> {
    this.#look();
    if (this.#file.isTorn) throw this.#cannot('read', 'it is torn');
    return this.#file.entries;
  }

  async write(entries: readonly RecordEntry[]): Promise<void> {
    if (this.#next === 0) this.#look();
    const number = this.#next;
    this.#next += 1;
    if (!this.#file.isWritable) throw this.#cannot('write', 'its folder is not writable');
    if (number <= this.#file.order) throw this.#cannot('write', 'a newer one has been written meanwhile');
    this.#file.order = number;
    this.#file.entries = structuredClone(entries);
    this.#file.isTorn = false;
  }

  #look(): void {
    this.#next = Math.max(this.#next, this.#file.order + PER_SECOND);
  }

  #cannot(verb: string, why: string): Failure {
    return new Failure('error', `Cannot ${verb} the undo record on ${this.#host}: ${why}`);
  }
}
