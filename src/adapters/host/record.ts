import { Failure, reasonOf } from '../../errors.ts';
import type { Balancer, BalancerPlace, Server } from '../../rollout/model.ts';
import type { HostRecord, RecordEntry } from '../../runner/ports/ports.ts';
import { parseJson } from '../json.ts';
import type { Link } from '../link.ts';
import { FIND_STATE_DIR, MAKE_STATE_DIR, whyFailed, writeWhole } from './state-dir.ts';
import { Turns } from './turns.ts';

const SCHEMA = 1;

/** Those that this sluice knows what to do about. */
const kinds: Readonly<Record<RecordEntry['kind'], true>> = {
  ...{ rollout: true, front: true, kept: true, drain: true, maintain: true },
};

/** As it is kept: a balancer that names no host is on that of the record. */
interface WrittenEntry extends Omit<RecordEntry, 'server'> {
  readonly server: Omit<Server, 'balancer'> & { readonly balancer: BalancerPlace & Partial<Balancer> };
}

/** The undo record as a JSON file on the host; who writes it has a turn, in `record.order` beside it. */
export class FileRecord implements HostRecord {
  readonly #link: Link;
  readonly #turns: Turns;

  constructor(link: Link) {
    this.#link = link;
    this.#turns = new Turns(link, 'record.order');
  }

  async read(): Promise<readonly RecordEntry[]> {
    // Whether there is one is said apart: an empty file is not the same as none.
    const script = `${FIND_STATE_DIR}
if [ -d "$d" ] && [ ! -x "$d" ]; then echo "$d cannot be entered by $(id -un)" >&2; exit 73; fi
${this.#turns.look}
if [ -e "$d/record.json" ]; then echo present; cat "$d/record.json"; fi`;
    const [numbers = '', present, ...lines] = (await this.#sh(script, '', 'read')).split('\n');
    this.#turns.saw(numbers);
    if (present !== 'present') return [];
    try {
      return entriesIn(parseJson(lines.join('\n'))).map((entry) => this.#named(entry));
    } catch (error) {
      const why = reasonOf(error);
      throw new Failure('error', `Cannot read the undo record on ${this.#link.host} (record.json): ${why}`, {
        cause: error,
      });
    }
  }

  async write(entries: readonly RecordEntry[]): Promise<void> {
    const turn = await this.#turns.next();
    if (entries.length === 0) {
      await this.#sh(`${MAKE_STATE_DIR}\n${turn}\nrm -f "$d/record.json" && sync "$d"`, '', 'remove');
    } else {
      const written = entries.map((entry) => this.#unnamed(entry));
      const text = `${JSON.stringify({ schema: SCHEMA, entries: written }, undefined, 2)}\n`;
      const script = writeWhole('$d', 'record.json', { text, before: turn });
      await this.#sh(`${MAKE_STATE_DIR}\n${script}`, text, 'write');
    }
  }

  /** The next reader may have this host under another name. */
  #unnamed(entry: RecordEntry): WrittenEntry {
    const { host, ...place } = entry.server.balancer;
    const balancer = host === this.#link.host ? place : { host, ...place };
    return { ...entry, server: { ...entry.server, balancer } };
  }

  #named(entry: WrittenEntry): RecordEntry {
    const balancer = { host: this.#link.host, ...entry.server.balancer };
    return { ...entry, server: { ...entry.server, balancer } };
  }

  async #sh(script: string, stdin: string, verb: string): Promise<string> {
    const result = await this.#link.run(script, { stdin });
    if (result.exitCode === 0) return result.stdout;
    throw new Failure('error', `Cannot ${verb} the undo record on ${this.#link.host}: ${whyFailed(result)}`);
  }
}

function entriesIn(value: unknown): readonly WrittenEntry[] {
  if (typeof value !== 'object' || value === null || !('schema' in value) || !('entries' in value)) {
    throw new Error('it is not an undo record');
  }
  if (value.schema !== SCHEMA) throw new Error(`it has schema ${String(value.schema)}, this sluice knows ${SCHEMA}`);
  if (!Array.isArray(value.entries) || !value.entries.every(isEntry)) throw new Error('an entry is not whole');
  const newer = value.entries.find(({ kind }) => !(kind in kinds));
  if (newer) throw new Error(`an entry is "${newer.kind}", which a newer sluice has written: use that one`);
  return value.entries;
}

function isEntry(value: unknown): value is WrittenEntry {
  if (typeof value !== 'object' || value === null) return false;
  const texts = ['kind', 'by', 'note', 'at', 'run'].every((key) => typeof Reflect.get(value, key) === 'string');
  const { server, standing, wasUp } = value as Partial<WrittenEntry>;
  return (
    texts &&
    typeof server?.name === 'string' &&
    typeof server.backend === 'string' &&
    isPlace(server.balancer) &&
    typeof standing?.weight === 'number' &&
    typeof wasUp === 'boolean' &&
    ['ready', 'drain', 'maint'].includes(standing.admin)
  );
}

function isPlace(balancer: Partial<Balancer> | undefined): boolean {
  const { socket, host, container } = balancer ?? {};
  return (
    typeof socket === 'string' && [host, container].every((text) => text === undefined || typeof text === 'string')
  );
}
