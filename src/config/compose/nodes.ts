/** A YAML file of Compose as a tree in which everything knows where it was written. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node as YamlNode,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import {
  type Complaint,
  Complaints,
  decode,
  type DocumentPath,
  LARGEST_BY_HAND,
  refuseDeepNesting,
} from '../document.ts';
import { mergedInto, nameOf, offsetOf, resolved } from '../yaml-nodes.ts';
import { slipsOf, syntaxErrorsOf } from '../yaml-slips.ts';

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Scalar = string | number | boolean | null;

export interface Node {
  readonly value: Scalar | readonly Node[] | NodeMap;
  readonly place: () => Place;
  /** Where its key is, in a mapping. */
  readonly keyPlace?: (() => Place) | undefined;
  /** How it goes over what it meets: it takes it away, or takes its place. */
  readonly tag?: 'reset' | 'override' | undefined;
}

export type NodeMap = ReadonlyMap<string, Node>;

/** Anchors may be used often, but not exponentially often. */
const MOST_NODES = 50_000;
const TOO_MANY = `has more than ${MOST_NODES} values, counting what its aliases (*name) repeat each time: write fewer of these`;

/**
 * Reads YAML 1.2, as Compose does: `yes` and `22:22` are texts.
 *
 * @throws Complaints with everything that is wrong with the YAML
 */
export function readNodes(file: string, bytes: Uint8Array): Node {
  const source = decode(file, bytes, LARGEST_BY_HAND);
  refuseDeepNesting(file, source);
  const lines = new LineCounter();
  const document = parseDocument(source, {
    ...{ lineCounter: lines, version: '1.2', merge: true, prettyErrors: false },
    // Checked by us: the parser compares each key with each other one.
    uniqueKeys: false,
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const known = document.warnings.filter(({ message }) => !/: !(?:reset|override)$/.test(message));
  document.warnings.splice(0, document.warnings.length, ...known);
  const slips = document.errors.length > 0 ? syntaxErrorsOf(document, source) : slipsOf(document, source);
  if (slips.length > 0) throw new Complaints(slips.map(({ offset, message }) => ({ ...at(offset), message })));
  return new Conversion(document, at).node(document.contents, 0);
}

class Conversion {
  readonly #document: Document;
  readonly #at: (offset: number) => Place;
  /** Finding what an alias stands for takes a walk through the document. */
  readonly #resolved = new Map<unknown, YamlNode | undefined>();
  readonly #merged = new Map<YAMLMap, readonly (YamlNode | undefined)[]>();
  #made = 0;

  constructor(document: Document, at: (offset: number) => Place) {
    this.#document = document;
    this.#at = at;
  }

  node(written: unknown, near: number): Node {
    const offset = offsetOf(written) ?? near;
    const place = (): Place => this.#at(offset);
    if (++this.#made > MOST_NODES) throw new Complaints([{ ...place(), message: TOO_MANY }]);
    const node = isAlias(written) ? kept(this.#resolved, written, () => resolved(written, this.#document)) : written;
    return { value: this.#valueOf(node, offset), place, tag: tagOf(node) };
  }

  #valueOf(node: unknown, offset: number): Node['value'] {
    if (isSeq(node)) return node.items.map((item) => this.node(item, offset));
    if (!isMap(node)) return isScalar(node) ? scalarOf(node.value, node.source) : null;
    const entries = new Map<string, Node>();
    const sources = kept(this.#merged, node, () => mergedInto(node, this.#document));
    for (const source of sources.toReversed()) {
      const merged = this.node(source, offset).value;
      if (merged instanceof Map) for (const [key, value] of merged as NodeMap) entries.set(key, value);
    }
    for (const { key, value } of node.items) {
      const name = nameOf(key);
      if (name === '<<') continue;
      const keyOffset = offsetOf(key) ?? offset;
      const entry = this.node(value, keyOffset);
      const isLeftOut = isScalar(value) && value.value === null && value.source === '';
      const place = isLeftOut ? (): Place => this.#at(keyOffset) : entry.place;
      entries.set(name, { ...entry, place, keyPlace: () => this.#at(keyOffset) });
    }
    return entries;
  }
}

function tagOf(node: unknown): Node['tag'] {
  const tag = isNode(node) ? node.tag : undefined;
  if (tag === '!reset') return 'reset';
  return tag === '!override' ? 'override' : undefined;
}

function kept<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  if (!known.has(key)) known.set(key, make());
  return known.get(key) as V;
}

/** `0440` is octal to Compose, and what JavaScript cannot hold is text. */
function scalarOf(value: unknown, source: string | undefined): Scalar {
  if (typeof value === 'number') {
    if (source !== undefined && /^0[0-7]+$/.test(source)) return parseInt(source, 8);
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? (source ?? String(value)) : value;
  }
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** What was written somewhere else, as such a tree. */
export function nodeOf(value: unknown, placeOf: (path: DocumentPath) => Place, path: DocumentPath = []): Node {
  const place = (): Place => placeOf(path);
  const inside = (step: string | number, item: unknown): Node => nodeOf(item, placeOf, [...path, step]);
  if (Array.isArray(value)) return { value: value.map((item: unknown, index) => inside(index, item)), place };
  if (typeof value !== 'object' || value === null) return { value: (value ?? null) as Scalar, place };
  return { value: new Map(Object.entries(value).map(([key, item]) => [key, inside(key, item)])), place };
}

export function mapIn(node: Node | undefined): NodeMap | undefined {
  return node?.value instanceof Map ? (node.value as NodeMap) : undefined;
}

export function listIn(node: Node | undefined): readonly Node[] | undefined {
  return Array.isArray(node?.value) ? (node.value as readonly Node[]) : undefined;
}

export function textIn(node: Node | undefined): string | undefined {
  const value = node?.value;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** What stands there as a text, whatever it is. */
export function wordIn(node: Node | undefined): string {
  const value = node?.value;
  return typeof value === 'object' ? '' : String(value ?? '');
}

export function isNull(node: Node): boolean {
  return node.value === null;
}

/** As JSON would have it. */
export function plainOf(node: Node): unknown {
  const [list, map] = [listIn(node), mapIn(node)];
  if (list) return list.map(plainOf);
  return map ? Object.fromEntries([...map].map(([key, item]) => [key, plainOf(item)])) : node.value;
}

/** Where the value (or its key) is written; for a path that leads nowhere, its nearest parent that is there. */
export function placeAt(node: Node, path: DocumentPath, which: 'key' | 'value' = 'value'): Place {
  let at = node;
  for (const step of path) {
    const next = typeof step === 'number' ? listIn(at)?.[step] : mapIn(at)?.get(step);
    if (next === undefined) return at.place();
    at = next;
  }
  return which === 'key' ? (at.keyPlace ?? at.place)() : at.place();
}

export function complaintAt(place: Place, message: string): Complaint {
  return { ...place, message };
}
