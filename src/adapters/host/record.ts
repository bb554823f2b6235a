import { Failure, reasonOf } from '../../errors.ts';
import type { Balancer, BalancerPlace, Server } from '../../rollout/model.ts';
import type { HostRecord, RecordEntry } from '../../runner/ports/ports.ts';
import { parseJson } from '../json.ts';
import type { Link } from '../link.ts';
import { FIND_STATE_DIR, MAKE_STATE_DIR, whyFailed, writeWhole } from './state-dir.ts';

const SCHEMA = 1;

/** Writes of one run between two seconds of the host's clock: never as many. */
const PER_SECOND = 1_000;

/** As it is kept: a balancer that names no host is on that of the record. */
interface WrittenEntry extends Omit<RecordEntry, 'server'> {
  readonly server: Omit<Server, 'balancer'> & { readonly balancer: BalancerPlace & Partial<Balancer> };
}

/**
 * Shell lines after which it is our turn, the `number`th: they exit with 76 when a later one has been had. The number
 * is written in place, which needs no room; when it cannot be, the record itself counts for more.
 */
function inTurn(number: number): string {
  return `exec 8>>"$d/record.order" && flock -w 5 8 || exit 74
n=$(cat "$d/record.order")
[ ${number} -gt "\${n:-0}" ] || { echo "a newer one has been written meanwhile" >&2; exit 76; }
{ printf '%015d\\n' ${number} 1<> "$d/record.order"; } 2> /dev/null || :`;
}

/**
 * The number of the last write and the seconds of the host's clock; then whether there is a record, for an empty file is
 * not the same as none.
 */
const READ = `${FIND_STATE_DIR}
if [ -d "$d" ] && [ ! -x "$d" ]; then echo "$d cannot be entered by $(id -un)" >&2; exit 73; fi
n=; [ ! -e "$d/record.order" ] || n=$(cat "$d/record.order") || exit 74
echo "\${n:-0} $(date +%s)"
if [ -e "$d/record.json" ]; then echo present; cat "$d/record.json"; fi`;

/**
 * The undo record as a JSON file on the host.
 *
 * A command whose connection broke may be carried out late, when a newer one has been. So all that write count, in
 * `record.order` beside it, which stays: a number that is not above the last one is not written any more.
 */
export class FileRecord implements HostRecord {
  readonly #link: Link;
  /** What the next write has; 0 before anything was read. */
  #next = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  async read(): Promise<readonly RecordEntry[]> {
    const [numbers = '', present, ...lines] = (await this.#sh(READ, '', 'read')).split('\n');
    const [last = 0, seconds = 0] = numbers.split(' ').map(Number);
    // Above all that whoever was here before may still have under way.
    this.#next = Math.max(this.#next, last + PER_SECOND, seconds * PER_SECOND);
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
    if (this.#next === 0) await this.read();
    const number = this.#next;
    this.#next += 1;
    if (entries.length === 0) {
      await this.#sh(`${MAKE_STATE_DIR}\n${inTurn(number)}\nrm -f "$d/record.json" && sync "$d"`, '', 'remove');
    } else {
      const written = entries.map((entry) => this.#unnamed(entry));
      const text = `${JSON.stringify({ schema: SCHEMA, entries: written }, undefined, 2)}\n`;
      const script = writeWhole('$d', 'record.json', { text, before: inTurn(number) });
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
