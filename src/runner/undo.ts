import { serverPath, type Server } from '../rollout/model.ts';
import type { HostRecord, RecordEntry } from './ports.ts';

/**
 * The undo record of one host: written before anything is taken out of service, so that whoever comes later, from
 * whatever machine, can put it back. Only the holder of the host's lock writes it.
 */
export class Undo {
  readonly #record: HostRecord;
  #entries: readonly RecordEntry[];

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

  async add(entries: readonly RecordEntry[]): Promise<void> {
    const servers = entries.map(({ server }) => keyOf(server));
    await this.#write([...this.#entries.filter(({ server }) => !servers.includes(keyOf(server))), ...entries]);
  }

  async drop(servers: readonly Server[]): Promise<void> {
    const keys = servers.map(keyOf);
    const kept = this.#entries.filter(({ server }) => !keys.includes(keyOf(server)));
    if (kept.length < this.#entries.length) await this.#write(kept);
  }

  async #write(entries: readonly RecordEntry[]): Promise<void> {
    await this.#record.write(entries);
    this.#entries = entries;
  }
}

function keyOf(server: Server): string {
  return `${server.balancer.host} ${server.balancer.socket} ${serverPath(server)}`;
}
