import { type Alias, type Document, isAlias, isCollection, isMap, isNode, isScalar, visit, type YAMLMap } from 'yaml';
import { mergedInto, nameOf, offsetOf } from './yaml-nodes.ts';

/** Something wrong in a YAML file, and where. */
export interface Slip {
  readonly offset: number;
  readonly message: string;
}

export function syntaxErrorsOf(document: Document.Parsed, source: string): Slip[] {
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
  return `${tag} is not supported yet`;
}

export function slipsOf(document: Document.Parsed, source: string): Slip[] {
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
    if (isMap(node)) for (const slip of repeatedKeysOf(node)) slips.push(slip);
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

export const tooManyAliases =
  'refers to its anchors too often: what aliases (*name) stand for has many aliases itself; write some of it out';
