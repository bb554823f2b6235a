import { type Filter, FilterProblem, isTrue, list, mapping, sortedDeep, text } from './arguments.ts';
import { isMapping } from '../values.ts';

/** The filters of Ansible that make lists and mappings of others. */
export const collectionFilters: Readonly<Record<string, Filter>> = {
  combine: (value, { at, named }) => {
    const how = { isDeep: isTrue(named['recursive']), lists: mergeOf(named['list_merge'] ?? 'replace') };
    const all = flattened([value, ...at], { levels: 1, skipsNulls: true });
    return all.reduceRight((above, below) => combined(below, above, how), all.pop() ?? {});
  },
  dict2items: (value, { at, named }) => {
    const [key = named['key_name'] ?? 'key', item = named['value_name'] ?? 'value'] = at;
    return Object.entries(mapping(value)).map(([name, it]) => ({ [text(key)]: name, [text(item)]: it }));
  },
  items2dict: (value, { at, named }) => {
    const [key = named['key_name'] ?? 'key', item = named['value_name'] ?? 'value'] = at;
    return Object.fromEntries(list(value).map((it) => [text(itemOf(mapping(it), key)), itemOf(mapping(it), item)]));
  },
  flatten: (value, { at, named }) => {
    const [levels = named['levels'] ?? Infinity, skipsNulls = named['skip_nulls'] ?? true] = at;
    if (typeof levels !== 'number') throw new FilterProblem('its levels are a number');
    return flattened(itemsOf(value), { levels, skipsNulls: isTrue(skipsNulls) });
  },
  union: (value, { at }) => distinct([...list(value), ...list(at[0])]),
  intersect: (value, { at }) => distinct(list(value)).filter((it) => among(it, list(at[0]))),
  difference: (value, { at }) => distinct(list(value)).filter((it) => !among(it, list(at[0]))),
  symmetric_difference: (value, { at }) => [
    ...distinct(list(value)).filter((it) => !among(it, list(at[0]))),
    ...distinct(list(at[0])).filter((it) => !among(it, list(value))),
  ],
  zip: (value, { at }) => zipped([value, ...at], Math.min, null),
  zip_longest: (value, { at, named }) => zipped([value, ...at], Math.max, named['fillvalue'] ?? null),
  extract: (value, { at, named }) => {
    const [container, path = named['morekeys'] ?? []] = at;
    return [value, ...[path].flat()].reduce(itemOf, container);
  },
};

export function among(item: unknown, items: readonly unknown[]): boolean {
  const key = keyOf(item);
  return items.some((other) => keyOf(other) === key);
}

function distinct(items: readonly unknown[]): unknown[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/** The same for what Python finds equal. */
function keyOf(value: unknown): string {
  return JSON.stringify(sortedDeep(value));
}

/** What Python comes by when it goes through a value. */
function itemsOf(value: unknown): readonly unknown[] {
  return typeof value === 'string' ? Array.from(value) : list(value);
}

function itemOf(from: unknown, key: unknown): unknown {
  const found = Array.isArray(from) ? elementOf(from, key) : new Map(Object.entries(mapping(from))).get(text(key));
  if (found === undefined) throw new FilterProblem(`there is no ${JSON.stringify(key)} in it`);
  return found;
}

function elementOf(from: readonly unknown[], key: unknown): unknown {
  return typeof key === 'number' ? from.at(key) : undefined;
}

function zipped(lists: readonly unknown[], lengthOf: (...lengths: number[]) => number, filler: unknown): unknown[] {
  const all = lists.map(itemsOf);
  const length = lengthOf(...all.map((items) => items.length));
  return Array.from({ length }, (_, index) => all.map((items) => (index < items.length ? items[index] : filler)));
}

function flattened(
  items: readonly unknown[],
  how: { readonly levels: number; readonly skipsNulls: boolean },
): unknown[] {
  return items.flatMap((item) => {
    if (how.skipsNulls && (item === null || item === 'None' || item === 'null')) return [];
    return Array.isArray(item) && how.levels >= 1 ? flattened(item, { ...how, levels: how.levels - 1 }) : [item];
  });
}

type Merge = (below: readonly unknown[], above: readonly unknown[]) => readonly unknown[];

const merges: Readonly<Record<string, Merge>> = {
  replace: (_below, above) => above,
  keep: (below) => below,
  append: (below, above) => [...below, ...above],
  prepend: (below, above) => [...above, ...below],
  append_rp: (below, above) => [...below.filter((it) => !among(it, above)), ...above],
  prepend_rp: (below, above) => [...above, ...below.filter((it) => !among(it, above))],
};

function mergeOf(name: unknown): Merge {
  const merge = Object.entries(merges).find(([known]) => known === name)?.[1];
  if (merge) return merge;
  throw new FilterProblem(`list_merge is ${Object.keys(merges).join(', ')}, not ${JSON.stringify(name)}`);
}

/** Lists of mappings that are equal as a whole are not merged, as in Ansible. */
function combined(
  into: unknown,
  more: unknown,
  how: { readonly isDeep: boolean; readonly lists: Merge },
): Readonly<Record<string, unknown>> {
  const [below, above] = [mapping(into), mapping(more)];
  if (keyOf(below) === keyOf(above)) return above;
  const entries = Object.entries(above).map(([key, item]) => {
    const known = Object.hasOwn(below, key) ? below[key] : undefined;
    if (how.isDeep && isMapping(known) && isMapping(item)) return [key, combined(known, item, how)] as const;
    return [key, Array.isArray(known) && Array.isArray(item) ? how.lists(known, item) : item] as const;
  });
  return { ...below, ...Object.fromEntries(entries) };
}
