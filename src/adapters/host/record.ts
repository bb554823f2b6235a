import { Failure, reasonOf } from '../../errors.ts';
import type { Balancer } from '../../rollout/model.ts';
import type { HostRecord, RecordEntry } from '../../runner/ports.ts';
import type { Link } from '../link.ts';
import { FIND_STATE_DIR, MAKE_STATE_DIR, writeWhole } from './state-dir.ts';

const SCHEMA = 1;

const REMOVE = `${MAKE_STATE_DIR}
rm -f "$d/record.json" && sync "$d"`;

/** Says first that there is one: an empty file is not the same as none. */
const READ = `${FIND_STATE_DIR}
if [ -d "$d" ] && [ ! -x "$d" ]; then echo "$d cannot be entered by $(id -un)" >&2; exit 73; fi
if [ -e "$d/record.json" ]; then echo present; cat "$d/record.json"; fi`;

/** The undo record as a JSON file on the host. */
export class FileRecord implements HostRecord {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async read(): Promise<readonly RecordEntry[]> {
    const text = await this.#sh(READ, '', 'read');
    if (text === '') return [];
    try {
      return entriesIn(JSON.parse(text.slice('present\n'.length)));
    } catch (error) {
      const why = reasonOf(error);
      throw new Failure('error', `Cannot read the undo record on ${this.#link.host} (record.json): ${why}`, {
        cause: error,
      });
    }
  }

  async write(entries: readonly RecordEntry[]): Promise<void> {
    if (entries.length === 0) await this.#sh(REMOVE, '', 'remove');
    else {
      const text = `${JSON.stringify({ schema: SCHEMA, entries }, undefined, 2)}\n`;
      await this.#sh(`${MAKE_STATE_DIR}\n${writeWhole('$d', 'record.json', text)}`, text, 'write');
    }
  }

  async #sh(script: string, stdin: string, verb: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#link.run(script, { stdin });
    if (exitCode === 0) return stdout;
    const why = stderr.trim() === '' ? `exit status ${exitCode}` : stderr.trim();
    throw new Failure('error', `Cannot ${verb} the undo record on ${this.#link.host}: ${why}`);
  }
}

function entriesIn(value: unknown): readonly RecordEntry[] {
  if (typeof value !== 'object' || value === null || !('schema' in value) || !('entries' in value)) {
    throw new Error('it is not an undo record');
  }
  if (value.schema !== SCHEMA) throw new Error(`it has schema ${String(value.schema)}, this sluice knows ${SCHEMA}`);
  if (!Array.isArray(value.entries) || !value.entries.every(isEntry)) throw new Error('an entry is not whole');
  return value.entries;
}

function isEntry(value: unknown): value is RecordEntry {
  if (typeof value !== 'object' || value === null) return false;
  const texts = ['kind', 'by', 'note', 'at', 'run'].every((key) => typeof Reflect.get(value, key) === 'string');
  const { server, standing, wasUp } = value as Partial<RecordEntry>;
  return (
    texts &&
    typeof server?.name === 'string' &&
    typeof server.backend === 'string' &&
    typeof (server.balancer as Partial<Balancer> | undefined)?.socket === 'string' &&
    typeof standing?.weight === 'number' &&
    typeof wasUp === 'boolean' &&
    ['ready', 'drain', 'maint'].includes(standing.admin)
  );
}
