import { NOT_SET, type SettingChange } from './observed.ts';

/** Whether the name of a variable sounds as if its value should not be shown or kept. */
export function soundsSecret(name: string): boolean {
  return /pass|secret|token|key|credential|auth|dsn/i.test(name);
}

/**
 * Whether a variable of this name holds a secret itself, rather than telling where one is: so surely that its value is
 * hidden wherever it turns up.
 */
export function holdsSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

const KEYS = 'api|access|secret|private|encryption|app';
/** Of the words that end in "pass" by themselves, those that tell of no password. */
const WORDS = `password|passwd|passphrase|(?<!by|com|sur|tres|over|under)pass|secrets?|token|credentials?|dsn|(?:${KEYS})[_-]?key`;
/** What may come after it, and tells which of several it is: not what tells where one is, or of what kind. */
const WHICH = String.raw`base|v?\d+|old|new|previous|next|primary|secondary|ro|rw|read|write|prod|production|staging|dev|test`;
const SECRET_NAME = new RegExp(`(?:${WORDS})(?:[_-](?:${WHICH}))*$`, 'i');

/** `scheme://user:password@host`, as in the address of a database; with bounds, for it looks through texts of megabytes. */
const IN_ADDRESS = /\b[a-z][a-z\d+.-]{0,30}:\/\/[^\s/:@]{0,250}:([^\s/@]{1,500})@/gi;

/** Hiding something shorter wherever it occurs would hide half of every line. */
const SHORTEST_HIDDEN = 4;
/** A line among others may be an ordinary word, such as the name of a container. */
const SHORTEST_LINE_HIDDEN = 8;

/** What is put where a text is cut off. */
const CUT = '…';

/** How much of a secret a text ends with. */
function lengthOfBeginning(secret: string, text: string): number {
  // Most are not in it at all, which is seen at once.
  if (!text.includes(secret.slice(0, SHORTEST_HIDDEN))) return 0;
  for (let length = Math.min(secret.length, text.length); length >= SHORTEST_HIDDEN; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

/** What stands at `USE_TOKEN` and its like is in half of all lines as well, and tells nothing. */
const ORDINARY = /^(?:true|false|null|none)$/i;

export const HIDDEN = '(hidden)';

/** A change of which nobody may see more than that there is one. */
export function withoutValues({ setting, from }: SettingChange): SettingChange {
  return { setting, from: from === NOT_SET ? from : HIDDEN, to: HIDDEN };
}

/** Values that must not be shown, logged or kept, and what to show instead. Grows while values are read. */
export class Secrets {
  /** With the name of the variable that each was first read from, where there was one. */
  readonly #texts = new Map<string, string | undefined>();
  /** Of these it is not sure that they are secret. */
  readonly #doubtful = new Set<string>();
  #pattern: RegExp | undefined;

  /** Each line of a text by itself, too: it may be shown without the others. */
  add(text: string, name?: string): void {
    this.#add(text.trim(), SHORTEST_HIDDEN, name);
    const lines = text.trim().split(/\r?\n/);
    if (lines.length > 1) for (const line of lines) this.#add(line.trim(), SHORTEST_LINE_HIDDEN, name);
  }

  #add(bare: string, shortest: number, name: string | undefined): void {
    if (bare.length < shortest || ORDINARY.test(bare)) return;
    this.#doubtful.delete(bare);
    if (this.#texts.get(bare) !== undefined || (name === undefined && this.#texts.has(bare))) return;
    // As it stands in a text that is quoted: with its quotation marks and line feeds escaped.
    for (const form of [bare, JSON.stringify(bare).slice(1, -1)]) this.#texts.set(form, name);
    this.#pattern = undefined;
  }

  /** One of all the values of a file that is encrypted as a whole: what is short may be an ordinary word, or a port. */
  addOfFile(text: string): void {
    const bare = text.trim();
    const isDoubtful = bare.length < SHORTEST_LINE_HIDDEN && !this.#texts.has(bare);
    this.add(text);
    if (isDoubtful) this.#doubtful.add(bare);
  }

  /** A value, or what is deep in it, whose name says that it is secret; and the password in an address. */
  addNamed(name: string, value: unknown): void {
    if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) this.addNamed(Array.isArray(value) ? name : key, item);
    } else if (holdsSecret(name) && (typeof value === 'string' || typeof value === 'number')) {
      this.add(String(value), name);
    } else if (typeof value === 'string') {
      for (const [, password = ''] of value.matchAll(IN_ADDRESS)) this.add(password, name);
    }
  }

  /** The text with each secret in it replaced, and each beginning of one that was cut off. */
  hide(text: string): string {
    if (this.isEmpty) return text;
    const pieces = text.split(CUT);
    const last = pieces.pop() ?? '';
    // Those first: what they are the beginning of may begin with another secret.
    const withoutBeginnings = [...pieces.map((piece) => this.#withoutBeginning(piece)), last].join(CUT);
    return withoutBeginnings.replace(this.#anyOfThem(), HIDDEN);
  }

  /** Without what it ends with of a secret. */
  #withoutBeginning(text: string): string {
    const bare = text.trimEnd();
    let longest = 0;
    for (const secret of this.#texts.keys()) longest = Math.max(longest, lengthOfBeginning(secret, bare));
    return longest === 0 ? text : `${bare.slice(0, -longest)}${HIDDEN}${text.slice(bare.length)}`;
  }

  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  isIn(text: string): boolean {
    return this.hide(text) !== text;
  }

  /** The first sure secret in the text, by the name that it was read under, if it had one. */
  firstIn(text: string): { readonly name: string | undefined } | undefined {
    const all = this.isEmpty ? [] : (text.match(this.#anyOfThem()) ?? []);
    const found = all.find((one) => !this.#doubtful.has(one));
    return found === undefined ? undefined : { name: this.#texts.get(found) };
  }

  /** A copy of plain data with the secrets in all of its texts replaced; keys are left alone. */
  hideIn<T>(value: T): T {
    return this.isEmpty ? value : (this.#hiddenIn(value) as T);
  }

  #hiddenIn(value: unknown): unknown {
    if (typeof value === 'string') return this.hide(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.#hiddenIn(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#hiddenIn(item)]));
  }

  /** The longest first: one may be part of another. */
  #anyOfThem(): RegExp {
    const longestFirst = [...this.#texts.keys()].toSorted((a, b) => b.length - a.length);
    const sources = longestFirst.map((text) => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'));
    return (this.#pattern ??= new RegExp(sources.join('|'), 'g'));
  }
}
