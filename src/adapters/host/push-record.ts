import { createHash } from 'node:crypto';
import { Failure, reasonOf } from '../../errors.ts';
import { placeName, type BalancerPlace } from '../../rollout/model.ts';
import type { PushRecord, PushRecords } from '../../runner/ports/config-port.ts';
import { parseJson } from '../json.ts';
import type { Link, RunResult } from '../link.ts';
import { FIND_STATE_DIR, MAKE_STATE_DIR, whyFailed, writeWhole } from './state-dir.ts';
import { Turns } from './turns.ts';

const SCHEMA = 1;

/** A reload may take its time, also one that nobody hears of any more. */
const TURN_WITHIN_S = 45;
const WITHIN_MS = 60_000;

interface Written extends PushRecord {
  readonly schema: number;
}

/** A file in the state directory of the host for each HAProxy that is being given a configuration. */
export class FilePushRecords implements PushRecords {
  readonly #link: Link;
  readonly #name: string;
  readonly #where: string;
  /** Of all that a push changes there, the file with it. */
  readonly turns: Turns;

  constructor(link: Link, place: BalancerPlace, path: string) {
    this.#link = link;
    this.#where = `${placeName(place)} on ${link.host}`;
    const key = `${place.container ?? ''} ${path}`;
    const name = `push-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
    this.#name = `${name}.json`;
    this.turns = new Turns(link, `${name}.order`, TURN_WITHIN_S);
  }

  async read(): Promise<PushRecord | undefined> {
    const script = `${FIND_STATE_DIR}\n[ ! -e "$d/${this.#name}" ] || cat "$d/${this.#name}"`;
    const text = this.#checked('read', await this.#link.run(script));
    if (text === '') return undefined;
    try {
      return recordIn(text);
    } catch (error) {
      throw this.#failure('read', reasonOf(error));
    }
  }

  async write(record: PushRecord): Promise<void> {
    const text = `${JSON.stringify({ schema: SCHEMA, ...record } satisfies Written)}\n`;
    const script = `${MAKE_STATE_DIR}\n${writeWhole('$d', this.#name, { text, before: await this.turns.next() })}`;
    this.#checked('write', await this.#link.run(script, { stdin: text, withinMs: WITHIN_MS }));
  }

  async drop(): Promise<void> {
    const script = `${await this.turns.next()}\nrm -f "$d/${this.#name}" && sync "$d"`;
    this.#checked('remove', await this.#link.run(script, { withinMs: WITHIN_MS }));
  }

  #checked(verb: string, result: RunResult): string {
    if (result.exitCode === 0) return result.stdout;
    throw this.#failure(verb, whyFailed(result));
  }

  #failure(verb: string, why: string): Failure {
    return new Failure('error', `Cannot ${verb} the record of the push to HAProxy at ${this.#where}: ${why}`);
  }
}

/** Those of all HAProxys of the host. */
export async function pushesOn(link: Link): Promise<readonly PushRecord[]> {
  const result = await link.run(
    `${FIND_STATE_DIR}\nfor f in "$d"/push-*.json; do [ ! -e "$f" ] || cat "$f" || exit 74; done`,
  );
  const failure = (why: string): Failure =>
    new Failure('error', `Cannot read the records of pushes on ${link.host} (push-….json): ${why}`);
  if (result.exitCode !== 0) throw failure(whyFailed(result));
  try {
    return result.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map(recordIn);
  } catch (error) {
    throw failure(reasonOf(error));
  }
}

/** @throws Error when it is none that this sluice knows */
function recordIn(text: string): PushRecord {
  const { schema, ...record } = parseJson(text) as Written;
  if (schema !== SCHEMA) throw new Error(`it is of schema ${String(schema)}, not ${SCHEMA}`);
  return record;
}
