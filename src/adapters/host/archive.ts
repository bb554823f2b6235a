import { Failure, reasonOf } from '../../errors.ts';
import type { Archived, HostArchive } from '../../runner/ports/ports.ts';
import { parseJson } from '../json.ts';
import type { Link } from '../link.ts';
import { FIND_STATE_DIR, MAKE_STATE_DIR, whyFailed, writeWhole } from './state-dir.ts';

const SCHEMA = 1;
const KEPT_RUNS = 5;

/** Nothing else becomes part of a path or of a shell line. Docker's own rule for names of containers. */
const RUN = /^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/;
const CONTAINER = /^[0-9A-Za-z][0-9A-Za-z_.-]{0,200}$/;

/**
 * What runs have replaced, as files on the host: `archive/<run>/<container>.json`, beside each the id of the container
 * that was made. They may hold secrets (environment variables), and are as open as the Engine's socket: to the group
 * of those who may ask the Engine for them.
 */
export class FileArchive implements HostArchive {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async save(run: string, container: string, old: Archived['old']): Promise<void> {
    const text = `${JSON.stringify({ schema: SCHEMA, old: old ?? null })}\n`;
    await this.#sh('write', this.#named(run, container), {
      stdin: text,
      script: `${MAKE_STATE_DIR}
a="$d/archive"
[ -e "$a/${run}/${container}.json" ] && exit 0
mkdir -p "$a/${run}" && sync "$d" "$a" || exit 74
${writeWhole(`$a/${run}`, `${container}.json`, { text })}
ls "$a" | sort | head -n -${KEPT_RUNS} | while read -r r; do [ "$r" = ${run} ] || rm -rf "$a/$r"; done`,
    });
  }

  async noteMade(run: string, container: string, id: string): Promise<void> {
    await this.#sh('write', this.#named(run, container), {
      stdin: id,
      script: `${MAKE_STATE_DIR}
mkdir -p "$d/archive/${run}" || exit 74
${writeWhole(`$d/archive/${run}`, `${container}.made`, { text: id })}`,
    });
  }

  async load(run: string, container: string): Promise<Archived | undefined> {
    const file = this.#named(run, container);
    const text = await this.#sh('read', file, {
      stdin: '',
      script: `${FIND_STATE_DIR}
a="$d/archive"
[ ! -d "$a" ] || [ -x "$a" ] || { echo "$a cannot be entered by $(id -un)" >&2; exit 73; }
f="$a/${file}"
if [ -e "$f.json" ]; then cat "$f.made" 2> /dev/null; echo; cat "$f.json"; fi`,
    });
    if (text === '') return undefined;
    const [made = '', ...rest] = text.split('\n');
    try {
      return { old: oldIn(parseJson(rest.join('\n'))), made: made === '' ? undefined : made };
    } catch (error) {
      throw this.#failure('read', file, reasonOf(error), { cause: error });
    }
  }

  async runs(): Promise<readonly string[]> {
    const script = `${FIND_STATE_DIR}\nif [ -d "$d/archive" ]; then ls "$d/archive" || exit 74; fi`;
    const text = await this.#sh('read', '', { stdin: '', script });
    return text
      .split('\n')
      .filter((name) => RUN.test(name))
      .toSorted();
  }

  /** The path of what is known of a container, without its ending. */
  #named(run: string, container: string): string {
    const file = `${run}/${container}`;
    if (!RUN.test(run)) throw this.#failure('use', file, `"${run}" is not the id of a run`);
    if (!CONTAINER.test(container)) throw this.#failure('use', file, `"${container}" is not the name of a container`);
    return file;
  }

  async #sh(
    verb: string,
    file: string,
    { script, stdin }: { readonly script: string; readonly stdin: string },
  ): Promise<string> {
    const result = await this.#link.run(script, { stdin });
    if (result.exitCode === 0) return result.stdout;
    throw this.#failure(verb, file, whyFailed(result));
  }

  #failure(verb: string, file: string, why: string, options?: ErrorOptions): Failure {
    const where = file === '' ? 'the archive' : `the archive (${file})`;
    return new Failure('error', `Cannot ${verb} ${where} on ${this.#link.host}: ${why}`, options);
  }
}

function oldIn(value: unknown): Archived['old'] {
  if (typeof value !== 'object' || value === null || !('schema' in value) || !('old' in value)) {
    throw new Error('it is not an archived container');
  }
  if (value.schema !== SCHEMA) throw new Error(`it has schema ${String(value.schema)}, this sluice knows ${SCHEMA}`);
  if (value.old === null) return undefined;
  if (!isOld(value.old)) throw new Error('it is not whole');
  return value.old;
}

function isOld(value: unknown): value is NonNullable<Archived['old']> {
  if (typeof value !== 'object' || value === null) return false;
  const { image, snapshot } = value as Partial<NonNullable<Archived['old']>>;
  return (
    typeof snapshot === 'string' &&
    typeof image?.id === 'string' &&
    typeof image.reference === 'string' &&
    Array.isArray(image.digests) &&
    image.digests.every((digest) => typeof digest === 'string')
  );
}
