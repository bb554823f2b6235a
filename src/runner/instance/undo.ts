import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { sameServer, serverKey, serverPath, type Server } from '../../rollout/model.ts';
import type { HostRecord, RecordEntry } from '../ports/ports.ts';

/**
 * The undo record of one host: written before anything is taken out of service, so that whoever comes later, from
 * whatever machine, can put it back. Only the holder of the host's lock writes it.
 */
export class Undo {
  readonly #record: HostRecord;
  /** Of instances that are in work at the same time: a write has what the one before it had. */
  readonly #inTurn = pLimit(1);
  #entries: readonly RecordEntry[];
  /** The last write did not come through: it may have taken place all the same. */
  #isUnsure = false;

  constructor(record: HostRecord, entries: readonly RecordEntry[]) {
    this.#record = record;
    this.#entries = entries;
  }

  static async of(record: HostRecord): Promise<Undo> {
    return new Undo(record, await record.read());
  }

  get entries(): readonly RecordEntry[] {
    return this.#entries;
  }

  /** `entries`: or how they are made from what is recorded when their turn comes; none are no write. */
  add(entries: readonly RecordEntry[] | (() => readonly RecordEntry[])): Promise<void> {
    return this.#inTurn(async () => {
      const made = typeof entries === 'function' ? entries() : entries;
      if (made.length > 0 || typeof entries !== 'function') await this.#add(made);
    });
  }

  drop(servers: readonly Server[]): Promise<void> {
    return this.#inTurn(() => this.#drop(servers));
  }

  /** Has of these servers what there was of them before. */
  putBack(servers: readonly Server[], before: readonly RecordEntry[]): Promise<void> {
    return this.#inTurn(async () => {
      const keys = servers.map(serverKey);
      const isOne = ({ server }: RecordEntry): boolean => keys.includes(serverKey(server));
      const entries = [...this.#entries.filter((entry) => !isOne(entry)), ...before.filter(isOne)];
      await this.#write(entries);
      this.#entries = entries;
    });
  }

  /** Reads it anew, after the host was not ours for a while. */
  refresh(): Promise<void> {
    return this.#inTurn(() => this.#read());
  }

  /** The same, where it is not known what is there: whoever goes by it next must not go by what is gone, or never was. */
  settle(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isUnsure) await this.#read();
    });
  }

  async #read(): Promise<void> {
    this.#entries = await this.#record.read();
    this.#isUnsure = false;
  }

  async #add(entries: readonly RecordEntry[]): Promise<void> {
    this.#refuseOver(entries);
    const servers = entries.map(({ server }) => serverKey(server));
    // Known before it is written: if the answer is lost, it may be there all the same and is dropped later.
    this.#entries = [...this.#entries.filter(({ server }) => !servers.includes(serverKey(server))), ...entries];
    await this.#write(this.#entries);
  }

  async #write(entries: readonly RecordEntry[]): Promise<void> {
    this.#isUnsure = true;
    await this.#record.write(entries);
    this.#isUnsure = false;
  }

  /** @throws Failure when what is kept would be forgotten for something else */
  #refuseOver(entries: readonly RecordEntry[]): void {
    for (const entry of entries) {
      const kept = this.#entries.find((one) => one.kind === 'kept' && sameServer(one.server, entry.server));
      if (!kept || isSameLife(kept, entry)) continue;
      const what = `${serverPath(entry.server)} stands before the old ${kept.container ?? 'container'} that is kept`;
      throw new Failure('error', `Cannot note what is about to be done: ${what} (run ${kept.run})`);
    }
  }

  async #drop(servers: readonly Server[]): Promise<void> {
    const keys = servers.map(serverKey);
    const kept = this.#entries.filter(({ server }) => !keys.includes(serverKey(server)));
    if (kept.length === this.#entries.length) return;
    await this.#write(kept);
    this.#entries = kept;
  }
}

/** What becomes of an instance that is kept goes on with the same record of it. */
function isSameLife(kept: RecordEntry, entry: RecordEntry): boolean {
  return (
    kept.run === entry.run &&
    kept.container === entry.container &&
    kept.slot === entry.slot &&
    kept.old?.id === entry.old?.id
  );
}
