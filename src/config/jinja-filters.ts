import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { parse as parseYaml, stringify as stringifyYaml } from 'yaml';
import { isMapping } from './values.ts';

/** A filter cannot do its work; the message says why. */
export class FilterProblem extends Error {
  override readonly name = 'FilterProblem';
}

/** What follows the value: positional arguments, then those with a name. */
export interface FilterArguments {
  readonly at: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

export type Filter = (value: unknown, args: FilterArguments) => unknown;

/**
 * The filters of Ansible, and of Jinja2 where the engine has none of its own.
 *
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_filters.html
 */
export const filters: Readonly<Record<string, Filter>> = {
  to_json: (value) => pythonCompact(value),
  to_nice_json: (value, { named }) => JSON.stringify(sortedDeep(value), undefined, Number(named['indent'] ?? 4)),
  from_json: (value) => attempt('is no JSON', () => JSON.parse(text(value)) as unknown),
  to_yaml: (value) => stringifyYaml(sortedDeep(value)),
  to_nice_yaml: (value, { named }) => stringifyYaml(sortedDeep(value), { indent: Number(named['indent'] ?? 4) }),
  from_yaml: (value) => attempt('is no YAML', () => parseYaml(text(value)) as unknown),
  b64encode: (value) => Buffer.from(text(value)).toString('base64'),
  b64decode: (value) => Buffer.from(text(value), 'base64').toString(),
  hash: (value, { at }) => hashed(text(value), text(at[0] ?? 'sha1')),
  md5: (value) => hashed(text(value), 'md5'),
  sha1: (value) => hashed(text(value), 'sha1'),
  checksum: (value) => hashed(text(value), 'sha1'),
  bool: (value) => (typeof value === 'boolean' ? value : /^(?:yes|on|1|true)$/i.test(text(value ?? ''))),
  quote: (value) => quoted(text(value ?? '')),
  urlencode: (value) => encodeURIComponent(text(value)).replaceAll('%2F', '/'),
  basename: (value) => basename(text(value)),
  dirname: (value) => dirname(text(value)),
  splitext: (value) => [text(value).slice(0, -extname(text(value)).length || undefined), extname(text(value))],
  expanduser: (value) => (text(value).startsWith('~/') ? join(homedir(), text(value).slice(2)) : value),
  path_join: (value) => join(...list(value).map(text)),
  regex_replace: (value, { at }) => {
    const [pattern = '', replacement = ''] = at.map(text);
    return text(value).replace(regex(pattern, 'g'), replacement.replaceAll('$', '$$$$').replace(/\\(\d)/g, '$$$1'));
  },
  regex_search: (value, { at }) => regex(text(at[0]), '').exec(text(value))?.[0] ?? null,
  regex_findall: (value, { at }) => [...text(value).matchAll(regex(text(at[0]), 'g'))].map((it) => it[1] ?? it[0]),
  regex_escape: (value) => text(value).replace(/[\\^$.|?*+()[\]{}-]/g, '\\$&'),
  ternary: (value, { at }) => (value === null ? (at[2] ?? at[1]) : isTrue(value) ? at[0] : at[1]),
  mandatory: (value) => value,
  combine: (value, { at, named }) => {
    const isDeep = named['recursive'] === true;
    return [value, ...at].reduce((into, more) => combined(into, more, isDeep), {});
  },
  dict2items: (value) => Object.entries(mapping(value)).map(([key, item]) => ({ key, value: item })),
  items2dict: (value) =>
    Object.fromEntries(list(value).map((it) => [text(mapping(it)['key']), mapping(it)['value']] as const)),
  flatten: (value, { named }) => list(value).flat(Number(named['levels'] ?? 20)),
  union: (value, { at }) => distinct([...list(value), ...list(at[0])]),
  intersect: (value, { at }) => distinct(list(value)).filter((it) => among(it, list(at[0]))),
  difference: (value, { at }) => distinct(list(value)).filter((it) => !among(it, list(at[0]))),
  symmetric_difference: (value, { at }) => [
    ...distinct(list(value)).filter((it) => !among(it, list(at[0]))),
    ...distinct(list(at[0])).filter((it) => !among(it, list(value))),
  ],
  zip: (value, { at }) => list(value).map((it, index) => [it, ...at.map((other) => list(other)[index])]),
  format: (value, { at }) => formatted(text(value), at),
  center: (value, { at }) => {
    const missing = Math.max(0, Number(at[0] ?? 80) - text(value).length);
    return ' '.repeat(Math.floor(missing / 2)) + text(value) + ' '.repeat(Math.ceil(missing / 2));
  },
  wordcount: (value) => text(value).split(/\s+/).filter(Boolean).length,
  pow: (value, { at }) => Number(value) ** Number(at[0]),
  log: (value, { at }) => Math.log(Number(value)) / (at[0] === undefined ? 1 : Math.log(Number(at[0]))),
  extract: (value, { at }) => {
    const [from] = at;
    const found = Array.isArray(from) ? (from[Number(value)] as unknown) : mapping(from)[text(value)];
    return found ?? null;
  },
};

/** The tests of Ansible. */
export const tests: Readonly<Record<string, Filter>> = {
  match: (value, { at }) => regex(`^(?:${text(at[0])})`, '').test(text(value)),
  search: (value, { at }) => regex(text(at[0]), '').test(text(value)),
  regex: (value, { at }) => regex(text(at[0]), '').test(text(value)),
  truthy: (value) => isTrue(value),
  falsy: (value) => !isTrue(value),
  contains: (value, { at }) => (typeof value === 'string' ? value.includes(text(at[0])) : among(at[0], list(value))),
  subset: (value, { at }) => list(value).every((it) => among(it, list(at[0]))),
  superset: (value, { at }) => list(at[0]).every((it) => among(it, list(value))),
  version: (value, { at }) => isVersion(text(value), text(at[0]), text(at[1] ?? '==')),
};

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw new FilterProblem(
    `it takes a text, not ${value === null || value === undefined ? 'none' : 'a list or a mapping'}`,
  );
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new FilterProblem('it takes a list');
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  if (isMapping(value)) return value;
  throw new FilterProblem('it takes a mapping');
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new FilterProblem(`its value ${what}`);
  }
}

function hashed(value: string, algorithm: string): string {
  return attempt(`cannot be hashed with ${algorithm}`, () => createHash(algorithm).update(value).digest('hex'));
}

function regex(pattern: string, flags: string): RegExp {
  const [, inline = '', body = ''] = /^(\(\?[ims]+\))?([^]*)$/.exec(pattern) ?? [];
  const source = body.replaceAll('(?P<', '(?<').replaceAll('\\Z', '$').replaceAll('\\A', '^');
  return attempt(`cannot be matched with ${pattern}`, () => new RegExp(source, flags + inline.replace(/[(?)]/g, '')));
}

/** As Python's json.dumps() does it, with keys in the order of the mapping. */
function pythonCompact(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonCompact).join(', ')}]`;
  if (!isMapping(value)) return JSON.stringify(value ?? null).replace(/[\u0080-\uffff]/g, escaped);
  return `{${Object.entries(value)
    .map(([key, item]) => `${pythonCompact(key)}: ${pythonCompact(item)}`)
    .join(', ')}}`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortedDeep(item)]));
}

function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`;
}

function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isMapping(value) ? Object.keys(value).length > 0 : Boolean(value);
}

function combined(into: unknown, more: unknown, isDeep: boolean): unknown {
  const [below, above] = [mapping(into), mapping(more)];
  const entries = Object.entries(above).map(([key, item]) => {
    const known = Object.hasOwn(below, key) ? below[key] : undefined;
    return [key, isDeep && isMapping(known) && isMapping(item) ? combined(known, item, true) : item] as const;
  });
  return { ...below, ...Object.fromEntries(entries) };
}

function distinct(items: readonly unknown[]): unknown[] {
  return items.filter((item, index) => !among(item, items.slice(0, index)));
}

function among(item: unknown, items: readonly unknown[]): boolean {
  const key = JSON.stringify(item);
  return items.some((other) => JSON.stringify(other) === key);
}

/** `%s`, `%d`, `%05.1f`, `%x`. */
function formatted(template: string, values: readonly unknown[]): string {
  let next = 0;
  return template.replace(/%(-?)(0?)(\d*)(?:\.(\d+))?([sdifx%])/g, (_written, ...parts: string[]) => {
    const [left = '', zero = '', width = '', digits, kind = 's'] = parts;
    if (kind === '%') return '%';
    const value = values[next];
    next += 1;
    const bare =
      kind === 's'
        ? text(value)
        : kind === 'f'
          ? Number(value).toFixed(Number(digits ?? 6))
          : Math.trunc(Number(value)).toString(kind === 'x' ? 16 : 10);
    return left === '' ? bare.padStart(Number(width), zero || ' ') : bare.padEnd(Number(width));
  });
}

/** Numbers are compared as numbers, words by the alphabet, part by part. */
function isVersion(own: string, other: string, operator: string): boolean {
  const order = versionOrder(own, other);
  const ordered: Readonly<Record<string, boolean>> = {
    ...{ '==': order === 0, '=': order === 0, eq: order === 0, '!=': order !== 0, ne: order !== 0, '<>': order !== 0 },
    ...{ '<': order < 0, lt: order < 0, '<=': order <= 0, le: order <= 0 },
    ...{ '>': order > 0, gt: order > 0, '>=': order >= 0, ge: order >= 0 },
  };
  const result = ordered[operator];
  if (result === undefined) throw new FilterProblem(`"${operator}" is no comparison`);
  return result;
}

function versionOrder(own: string, other: string): number {
  const [ours, theirs] = [own, other].map((it) => it.match(/\d+|[a-z]+/gi) ?? []);
  for (let index = 0; index < Math.max(ours?.length ?? 0, theirs?.length ?? 0); index += 1) {
    const [a, b] = [ours?.[index], theirs?.[index]];
    if (a === b) continue;
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    const bothNumbers = /^\d/.test(a) && /^\d/.test(b);
    const difference = bothNumbers ? Number(a) - Number(b) : a < b ? -1 : 1;
    if (difference !== 0) return difference;
  }
  return 0;
}
