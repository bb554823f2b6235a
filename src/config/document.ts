import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { Failure } from '../errors.ts';
import { isJson, unwrapped } from './inventory/json.ts';
import { yamlTagsFor } from './inventory/yaml-tags.ts';
import { isMarked, withNumbersAsText } from './values.ts';
import { isEnvelope, Vault, VaultProblem } from './vault.ts';
import { repeatedIn } from './repeated.ts';
import { mergedInto, nameOf, offsetOf, resolved } from './yaml-nodes.ts';
import { slipsOf, syntaxErrorsOf, tooManyAliases } from './yaml-slips.ts';

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Complaint extends Position {
  readonly file: string;
  readonly message: string;
}

/** Everything that is wrong with what was written, found at once. */
export class Complaints extends Error {
  override readonly name = 'Complaints';
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(linesOf(complaints).join('\n'));
    this.complaints = complaints;
  }
}

/** More than these nobody reads; what comes after them is only counted. */
const MOST_LINES = 100;

/** One line for each complaint, `file:line:column: message`, in the order of the files, none twice. */
export function failureOf(complaints: readonly Complaint[]): Failure {
  const cause = new Complaints(complaints);
  return new Failure('config', cause.message, { cause });
}

function linesOf(complaints: readonly Complaint[]): string[] {
  const sorted = complaints.toSorted(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.message, b.message),
  );
  const placeOf = (it: Complaint): string => `${it.file}:${it.line}:${it.column}`;
  const unique = new Map(sorted.map((it) => [`${placeOf(it)}: ${it.message}`, it]));
  const told = [...unique.keys()].slice(0, MOST_LINES);
  const next = [...unique.values()][MOST_LINES];
  return next ? [...told, `${placeOf(next)}: and ${unique.size - told.length} more mistakes from here on`] : told;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

export type DocumentPath = readonly (string | number)[];

export const MB = 1024 * 1024;
/** The largest file that is read, in MB, and of those that people write. */
export const LARGEST = 10;
export const LARGEST_BY_HAND = 1;

const DEEPEST_BRACKETS = 200;
const DEEPEST_INDENT = 400;

/** An anchor may be used often (once by each host, say), but not exponentially often. */
const MOST_ALIASES = 10_000;
/** Values that aliases add to what is written. */
const MOST_REPEATED = 300_000;
const REPEATED = `refers to its anchors too often: they add more than ${MOST_REPEATED} values to what is written; write fewer aliases (*name)`;

const DAMAGED = 'has a value that is encrypted with Ansible Vault';

/**
 * The text of a file, without its byte order mark.
 *
 * @throws Complaints if it is larger than `mostMb`, is not UTF-8 or holds a NUL byte
 */
export function decode(file: string, bytes: Uint8Array, mostMb = LARGEST): string {
  const refuse = (message: string): Complaints => new Complaints([{ file, line: 1, column: 1, message }]);
  if (bytes.byteLength > mostMb * MB) throw refuse(`has ${bytes.byteLength} bytes, more than ${mostMb} MB`);
  if (bytes.includes(0)) throw refuse('is not a text file, it holds a NUL byte');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('is not UTF-8 text');
  }
}

/**
 * The text in a file that Ansible Vault may have encrypted.
 *
 * @throws Complaints if it cannot be decrypted
 */
export function opened(
  file: string,
  text: string,
  vault: Vault,
): { readonly text: string; readonly isSecret: boolean } {
  if (!isEnvelope(text)) return { text, isSecret: false };
  try {
    return { text: vault.open(text), isSecret: true };
  } catch (error) {
    if (!(error instanceof VaultProblem)) throw error;
    const message = `is encrypted with Ansible Vault, but ${error.message}`;
    throw new Complaints([{ file, line: 1, column: 1, message }]);
  }
}

/**
 * Reads YAML 1.1 as Ansible does (`yes` is true, `0755` is 493) and JSON where it is that, but no key may come twice. What
 * the vault has encrypted is opened: a file at once, a value when it is needed.
 *
 * @throws Complaints with everything that is wrong with the YAML
 */
export function readDocument(
  file: string,
  written: string | Uint8Array,
  vault = new Vault(),
  mostMb = LARGEST,
): YamlDocument {
  const decoded = decode(file, typeof written === 'string' ? new TextEncoder().encode(written) : written, mostMb);
  const { text: source, isSecret } = opened(file, decoded, vault);
  refuseDeepNesting(file, source);
  const lines = new LineCounter();
  const complaintAt = (offset: number, message: string): Complaint => ({ file, ...positionAt(lines, offset), message });
  // What is wrong with it may show a piece of it.
  const tell = (message: string): string =>
    isSecret ? 'cannot be read: once decrypted, there is no YAML here' : message;
  const asJson = isJson(source);
  try {
    const document = parseDocument(source, {
      lineCounter: lines,
      schema: 'failsafe',
      customTags: yamlTagsFor(vault, asJson),
      resolveKnownTags: false,
      merge: true,
      prettyErrors: false,
      // Checked by us: the parser compares each key with each other one.
      uniqueKeys: false,
    });
    const found = document.errors.length > 0 ? syntaxErrorsOf(document, source) : slipsOf(document, source);
    if (found.length > 0) throw new Complaints(found.map(({ offset, message }) => complaintAt(offset, tell(message))));
    const read = new YamlDocument(file, document, lines, asJson ? (value) => unwrapped(value, vault) : undefined);
    if (repeatedIn(read.written) > MOST_REPEATED) throw new Complaints([complaintAt(0, REPEATED)]);
    if (isSecret) addTexts(read.value, vault);
    return read;
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(file, 1);
    if (error instanceof VaultProblem) throw new Complaints([complaintAt(0, tell(`${DAMAGED}, but ${error.message}`))]);
    if (error instanceof ReferenceError) throw new Complaints([complaintAt(0, tooManyAliases)]);
    throw error;
  }
}

/** Everything in an encrypted file is secret, but for the names in it. */
function addTexts(value: unknown, vault: Vault): void {
  if (typeof value === 'string' || typeof value === 'number') vault.secrets.addOfFile(String(value));
  else if (typeof value === 'object' && value !== null && !isMarked(value)) {
    for (const item of Object.values(value)) addTexts(item, vault);
  }
}

/** A YAML file that was read, and where each of its values was written. */
export class YamlDocument {
  readonly file: string;
  /** As it is written, with marked values; null for an empty file. */
  readonly written: unknown;
  #value: unknown;
  readonly #document: Document;
  readonly #lines: LineCounter;

  /** `revive` makes of each value what it stands for. */
  constructor(file: string, document: Document, lines: LineCounter, revive?: (value: unknown) => unknown) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
    const reviver = revive && ((_key: unknown, value: unknown) => revive(value));
    this.written = document.toJS({ maxAliasCount: MOST_ALIASES, ...(reviver && { reviver }) }) as unknown;
  }

  /** The same with every number as JavaScript has it, or as text. */
  get value(): unknown {
    this.#value ??= withNumbersAsText(this.written);
    return this.#value;
  }

  /** Where the value (or its key) is written; for a path that leads nowhere, its nearest parent that is there. */
  at(path: DocumentPath, which: 'key' | 'value' = 'value'): Position {
    let node = resolved(this.#document.contents, this.#document);
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, step] of path.entries()) {
      const entry = entryOf(node, step, this.#document);
      if (entry === undefined) break;
      const wantsKey = which === 'key' && depth === path.length - 1;
      offset = (wantsKey ? entry.key : (entry.value ?? entry.key)) ?? offset;
      node = resolved(entry.node, this.#document);
    }
    return positionAt(this.#lines, offset);
  }

  complaint(path: DocumentPath, message: string, which: 'key' | 'value' = 'value'): Complaint {
    return { file: this.file, ...this.at(path, which), message };
  }
}

interface Entry {
  readonly key: number | undefined;
  readonly value: number | undefined;
  readonly node: unknown;
}

function entryOf(parent: Node | undefined, step: string | number, document: Document): Entry | undefined {
  if (isSeq(parent) && typeof step === 'number') {
    const node = parent.items[step];
    return node === undefined ? undefined : { key: undefined, value: offsetOf(node), node };
  }
  const pair = isMap(parent) ? pairOf(parent, String(step), document) : undefined;
  return pair && { key: offsetOf(pair.key), value: valueOffsetOf(pair), node: pair.value };
}

function pairOf(map: YAMLMap, key: string, document: Document): Pair | undefined {
  const own = map.items.find((pair) => nameOf(pair.key) === key);
  if (own !== undefined) return own;
  for (const source of mergedInto(map, document)) {
    const merged = isMap(source) ? pairOf(source, key, document) : undefined;
    if (merged !== undefined) return merged;
  }
  return undefined;
}

/** A value left out (`key:`) is complained about where its key is. */
function valueOffsetOf(pair: Pair): number | undefined {
  const isLeftOut = isScalar(pair.value) && pair.value.value === null && pair.value.source === '';
  return isLeftOut ? offsetOf(pair.key) : offsetOf(pair.value);
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/**
 * The parser recurses, and V8 may abort the whole process when a regular expression is compiled at the end of
 * the stack, so this must be seen before parsing. Each line that starts at the margin starts counting anew.
 */
export function refuseDeepNesting(file: string, source: string): void {
  let open = 0;
  for (const [index, line] of source.split('\n').entries()) {
    if (/^[\w-]/.test(line)) open = 0;
    for (const bracket of line.match(/[[\]{}]/g) ?? []) {
      open += bracket === '[' || bracket === '{' ? 1 : -1;
      if (open > DEEPEST_BRACKETS) throw tooDeep(file, index + 1);
    }
    if (line.length - line.replace(/^(?: |[-?] )+/, '').length > DEEPEST_INDENT) throw tooDeep(file, index + 1);
  }
}

function tooDeep(file: string, line: number): Complaints {
  return new Complaints([{ file, line, column: 1, message: 'is nested too deeply' }]);
}
