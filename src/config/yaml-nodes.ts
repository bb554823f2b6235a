import { type Document, isAlias, isNode, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';

/** What `<<` brings in: an alias, a mapping or a list of them. */
export function mergedInto(map: YAMLMap, document: Document): (Node | undefined)[] {
  const sources = map.items.filter((pair) => isMergeKey(pair.key)).map((pair) => resolved(pair.value, document));
  return sources.flatMap((it) => (isSeq(it) ? it.items.map((item) => resolved(item, document)) : [it]));
}

export function resolved(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

export function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

export function nameOf(key: unknown): string {
  if (isMergeKey(key)) return '<<';
  return isScalar(key) ? String(key.value) : '';
}

export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<'));
}
