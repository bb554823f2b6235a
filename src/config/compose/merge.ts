/**
 * How one file of Compose goes over another.
 *
 * @see https://github.com/compose-spec/compose-spec/blob/main/13-merge.md
 */
import { Complaints } from '../document.ts';
import { complaintAt, isNull, listIn, mapIn, type Node, type NodeMap, textIn } from './nodes.ts';

type Path = readonly string[];

/** Of a service: what the later one replaces whole. */
const replaced = new Set(['command', 'entrypoint', 'healthcheck.test']);
/** Lists of `key=value` that are mappings. */
const pairs = new Set([
  'environment',
  'labels',
  'annotations',
  'sysctls',
  'deploy.labels',
  'build.args',
  'build.labels',
]);
/** Lists of names that are mappings of names to nothing. */
const named = new Set(['networks', 'depends_on']);
/** What may be one value instead of a list. */
const listed = new Set(['dns', 'dns_search', 'dns_opt', 'tmpfs', 'env_file', 'label_file']);

/**
 * One service over another; what the later one resets is not there. `path` is within the service.
 *
 * @throws Complaints when one is a list and the other a mapping
 */
export function merged(base: Node, over: Node, path: Path = []): Node | undefined {
  if (over.tag === 'reset') return undefined;
  const name = path.join('.');
  if (over.tag === 'override' || replaced.has(name)) return withoutResets(over);
  if (isNull(over) && !isWithin(pairs, path)) return base;
  if (isNull(base)) return withoutResets(over);
  if (pairs.has(name)) return mergedMaps(pairsOf(base), pairsOf(over), path);
  if (named.has(name)) return mergedMaps(namesOf(base), namesOf(over), path);
  if (name === 'extra_hosts') return appended(hostsOf(base), hostsOf(over));
  if (listed.has(name)) return appended(asList(base), asList(over));
  if (name === 'logging' && hasOtherDriver(base, over)) return withoutResets(over);
  if (path.length === 2 && path[0] === 'ulimits') return withoutResets(over);
  if (mapIn(base) && mapIn(over)) return mergedMaps(base, over, path);
  if (listIn(base) && listIn(over)) return appended(base, over);
  if (mapIn(base) || listIn(base)) {
    const what = mapIn(base) ? 'a mapping' : 'a list';
    throw new Complaints([complaintAt(over.place(), `${name}: cannot go over ${what} that it meets`)]);
  }
  return over;
}

function isWithin(names: ReadonlySet<string>, path: Path): boolean {
  return path.length > 1 && names.has(path.slice(0, -1).join('.'));
}

function mergedMaps(base: Node, over: Node, path: Path): Node {
  const result = new Map(mapIn(base));
  for (const [key, value] of mapIn(over) ?? []) {
    const before = result.get(key);
    const after = before ? merged(before, value, [...path, key]) : withoutResets(value);
    if (after) result.set(key, { ...after, keyPlace: value.keyPlace ?? after.keyPlace });
    else result.delete(key);
  }
  return { ...over, value: result };
}

function appended(base: Node, over: Node): Node {
  const rest = withoutResets(over);
  return { ...over, value: [...(listIn(base) ?? []), ...((rest && listIn(rest)) ?? [])] };
}

/** What resets nothing, since there is nothing, is not there either. */
export function withoutResets(node: Node): Node | undefined {
  if (node.tag === 'reset') return undefined;
  const [list, map] = [listIn(node), mapIn(node)];
  if (list) return { ...node, value: list.flatMap((item) => withoutResets(item) ?? []) };
  if (!map) return node;
  const kept = [...map].flatMap(([key, value]) => {
    const inner = withoutResets(value);
    return inner ? [[key, inner] as const] : [];
  });
  return { ...node, value: new Map(kept) };
}

/** `[A=1, B]` as `{ A: 1, B: null }`. */
export function pairsOf(node: Node): Node {
  const list = listIn(node);
  if (!list?.every((item) => typeof item.value === 'string')) return node;
  const entries = list.map((item) => {
    const written = textIn(item) ?? '';
    const at = written.indexOf('=');
    const key = at < 0 ? written : written.slice(0, at);
    return [key, { ...item, value: at < 0 ? null : written.slice(at + 1) }] as const;
  });
  return { ...node, value: new Map(entries) };
}

/** `[a, b]` as `{ a: null, b: null }`. */
export function namesOf(node: Node): Node {
  const list = listIn(node);
  if (!list?.every((item) => typeof item.value === 'string')) return node;
  return { ...node, value: new Map(list.map((item) => [textIn(item) ?? '', { ...item, value: null }])) };
}

/** As a list of `name=address`. */
function hostsOf(node: Node): Node {
  const map = mapIn(node);
  if (!map) return asList(node);
  const lines = [...map].flatMap(([name, address]) =>
    (listIn(address) ?? [address]).map((one) => ({ ...one, value: `${name}=${textIn(one) ?? ''}` })),
  );
  return { ...node, value: lines };
}

function asList(node: Node): Node {
  return listIn(node) ? node : { ...node, value: [node] };
}

function hasOtherDriver(base: Node, over: Node): boolean {
  const [one, other] = [mapIn(base)?.get('driver')?.value, mapIn(over)?.get('driver')?.value];
  return one !== undefined && other !== undefined && one !== other;
}

/** What tells the items of a list apart; the later of two that are the same takes the place of the earlier. */
const keys: Readonly<Record<string, (item: Node) => string | undefined>> = {
  ...Object.fromEntries(
    ['cap_add', 'cap_drop', 'dns', 'dns_opt', 'dns_search', 'expose', 'security_opt', 'extra_hosts', 'group_add'].map(
      (name) => [name, textIn],
    ),
  ),
  device_cgroup_rules: textIn,
  tmpfs: (item) => textIn(item)?.split(':', 1)[0],
  env_file: (item) => textIn(mapIn(item)?.get('path') ?? item),
  label_file: (item) => textIn(mapIn(item)?.get('path') ?? item),
  ports: portKey,
  volumes: (item) => targetOf(item, (parts) => parts[1] ?? parts[0]),
  devices: (item) => targetOf(item, (parts) => parts[1] ?? parts[0]),
  secrets: fileKey,
  configs: fileKey,
};

function fileKey(item: Node): string | undefined {
  const map = mapIn(item);
  return textIn(map ? (map.get('target') ?? map.get('source')) : item);
}

/** A service in which no item of a list that must be unique is there twice. */
export function withUniqueItems(service: NodeMap): NodeMap {
  const unique = [...service].map(([name, node]) => {
    const list = listIn(node);
    const keyOf = Object.hasOwn(keys, name) ? keys[name] : undefined;
    return [name, list && keyOf ? { ...node, value: uniqueItems(list, keyOf) } : node] as const;
  });
  return new Map(unique);
}

function uniqueItems(items: readonly Node[], keyOf: (item: Node) => string | undefined): Node[] {
  const byKey = new Map<string, Node>();
  for (const [index, item] of items.entries()) byKey.set(keyOf(item) ?? `#${index}`, item);
  return [...byKey.values()];
}

function targetOf(item: Node, pick: (parts: readonly string[]) => string | undefined): string | undefined {
  const map = mapIn(item);
  const written = map ? textIn(map.get('target')) : pick((textIn(item) ?? '').split(':'));
  return written === undefined ? undefined : written.length > 1 ? written.replace(/\/+$/, '') : written;
}

function portKey(item: Node): string | undefined {
  const map = mapIn(item);
  if (!map) {
    const written = textIn(item);
    return written === undefined || written.includes('/') ? written : `${written}/tcp`;
  }
  const [host, published, target, protocol] = ['host_ip', 'published', 'target', 'protocol'].map((key) =>
    textIn(map.get(key)),
  );
  return `${[host, published, target].filter((part) => part !== undefined).join(':')}/${protocol ?? 'tcp'}`;
}
