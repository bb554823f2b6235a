import {
  Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { Failure, reasonOf } from '../errors.ts';
import { yamlTags } from './inventory/yaml-tags.ts';

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

/** One line for each complaint, `file:line:column: message`, in the order of the files, none twice. */
export function failureOf(complaints: readonly Complaint[]): Failure {
  const cause = new Complaints(complaints);
  return new Failure('config', cause.message, { cause });
}

function linesOf(complaints: readonly Complaint[]): string[] {
  const sorted = complaints.toSorted(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.message, b.message),
  );
  return [...new Set(sorted.map((it) => `${it.file}:${it.line}:${it.column}: ${it.message}`))];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

export type DocumentPath = readonly (string | number)[];

/** The largest file that is read, in bytes. */
const LARGEST_FILE = 10 * 1024 * 1024;

const DEEPEST_BRACKETS = 200;
const DEEPEST_INDENT = 400;

/** An anchor may be used often (once by each host, say), but not exponentially often. */
const MOST_ALIASES = 10_000;

/**
 * The text of a file, without its byte order mark.
 *
 * @throws Complaints if it is larger than 10 MB, is not UTF-8 or holds a NUL byte
 */
export function decode(file: string, bytes: Uint8Array): string {
  const refuse = (message: string): Complaints => new Complaints([{ file, line: 1, column: 1, message }]);
  if (bytes.byteLength > LARGEST_FILE) throw refuse(`has ${bytes.byteLength} bytes, more than 10 MB`);
  if (bytes.includes(0)) throw refuse('is not a text file, it holds a NUL byte');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('is not UTF-8 text');
  }
}

/**
 * Reads YAML 1.1 as Ansible does (`yes` is true, `0755` is 493), but no key may come twice.
 *
 * @throws Complaints with everything that is wrong with the YAML
 */
export function readDocument(file: string, text: string | Uint8Array): YamlDocument {
  const source = decode(file, typeof text === 'string' ? new TextEncoder().encode(text) : text);
  refuseDeepNesting(file, source);
  const lines = new LineCounter();
  const complaintAt = (offset: number, message: string): Complaint => ({ file, ...positionAt(lines, offset), message });
  try {
    const document = parseDocument(source, {
      lineCounter: lines,
      schema: 'failsafe',
      customTags: yamlTags,
      resolveKnownTags: false,
      merge: true,
      prettyErrors: false,
      // Checked by us: the parser compares each key with each other one.
      uniqueKeys: false,
    });
    const found = document.errors.length > 0 ? syntaxErrorsOf(document, source) : slipsOf(document, source);
    if (found.length > 0) throw new Complaints(found.map(({ offset, message }) => complaintAt(offset, message)));
    return new YamlDocument(file, document, lines);
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(file, 1);
    if (error instanceof ReferenceError) throw new Complaints([complaintAt(0, tooManyAliases(error))]);
    throw error;
  }
}

/** A YAML file that was read, and where each of its values was written. */
export class YamlDocument {
  readonly file: string;
  /** Plain JavaScript, null for an empty file. */
  readonly value: unknown;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document, lines: LineCounter) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
    this.value = document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
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

/** What `<<` brings in: an alias, a mapping or a list of them. */
function mergedInto(map: YAMLMap, document: Document): (Node | undefined)[] {
  const sources = map.items.filter((pair) => isMergeKey(pair.key)).map((pair) => resolved(pair.value, document));
  return sources.flatMap((it) => (isSeq(it) ? it.items.map((item) => resolved(item, document)) : [it]));
}

function resolved(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** A value left out (`key:`) is complained about where its key is. */
function valueOffsetOf(pair: Pair): number | undefined {
  const isLeftOut = isScalar(pair.value) && pair.value.value === null && pair.value.source === '';
  return isLeftOut ? offsetOf(pair.key) : offsetOf(pair.value);
}

function nameOf(key: unknown): string {
  if (isMergeKey(key)) return '<<';
  return isScalar(key) ? String(key.value) : '';
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<'));
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/**
 * The parser recurses, and V8 may abort the whole process when a regular expression is compiled at the end of
 * the stack, so this must be seen before parsing. Each line that starts at the margin starts counting anew.
 */
function refuseDeepNesting(file: string, source: string): void {
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

interface Slip {
  readonly offset: number;
  readonly message: string;
}

function syntaxErrorsOf(document: Document.Parsed, source: string): Slip[] {
  return document.errors.map(({ code, message, pos: [offset] }) => {
    if (code === 'MULTIPLE_DOCS') return { offset, message: 'holds several documents, only one is expected' };
    return unquotedTemplateOnLineOf(source, offset) ?? { offset, message };
  });
}

/** `a: {{ x }}/y` is no YAML; the reason is on the line of the mistake. */
function unquotedTemplateOnLineOf(source: string, offset: number): Slip | undefined {
  const start = source.lastIndexOf('\n', offset - 1) + 1;
  const line = source.slice(start).split('\n', 1)[0] ?? '';
  const match = /(?:^|[:-]\s+)(\{\{.*\}\}.*?)\s*$/.exec(line);
  if (match?.[1] === undefined) return undefined;
  return { offset: start + line.indexOf(match[1], match.index), message: `quote it: "${match[1]}"` };
}

function unsupportedTag(message: string): string {
  const tag = (/: (\S+)$/.exec(message)?.[1] ?? 'this tag').replace('tag:yaml.org,2002:', '!!');
  return tag === '!vault' ? 'is encrypted with Ansible Vault, not supported yet' : `${tag} is not supported yet`;
}

function slipsOf(document: Document.Parsed, source: string): Slip[] {
  const anchors = new Set<string>();
  const slips = document.warnings.map(({ message, pos }) => ({ offset: pos[0], message: unsupportedTag(message) }));
  visit(document, (_key, node, parents) => {
    if (!isNode(node)) return;
    const offset = node.range?.[0] ?? 0;
    if (isAlias(node)) {
      const problem = aliasProblem(node, anchors, parents);
      if (problem !== undefined) slips.push({ offset, message: problem });
    } else if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) {
      anchors.add(node.anchor);
    }
    if (isMap(node) && !mergesMaps(node, document)) slips.push({ offset, message: '"<<" takes a mapping' });
    if (isMap(node)) slips.push(...repeatedKeysOf(node));
    if (!isMap(node) || !node.items.some((pair) => isCollection(pair.key))) return undefined;
    const written = source.slice(offset, node.range?.[1]);
    slips.push({ offset, message: /^\{\{.*\}\}$/.test(written) ? `quote it: "${written}"` : 'a key should be text' });
    return visit.SKIP;
  });
  return slips;
}

function repeatedKeysOf(map: YAMLMap): Slip[] {
  const seen = new Set<string>();
  const repeated = map.items.filter(({ key }) => isScalar(key) && seen.size === seen.add(nameOf(key)).size);
  return repeated.map(({ key }) => ({ offset: offsetOf(key) ?? 0, message: `"${nameOf(key)}" is written twice` }));
}

function aliasProblem(alias: Alias, anchors: ReadonlySet<string>, parents: readonly unknown[]): string | undefined {
  if (!anchors.has(alias.source)) return `*${alias.source} refers to an anchor that is not set above it`;
  const isWithin = parents.some((it) => isCollection(it) && it.anchor === alias.source);
  return isWithin ? `*${alias.source} refers to itself` : undefined;
}

function mergesMaps(map: YAMLMap, document: Document): boolean {
  return mergedInto(map, document).every((it) => it === undefined || isMap(it));
}

function tooManyAliases(error: ReferenceError): string {
  return `refers to its anchors too often: ${reasonOf(error)}`;
}
