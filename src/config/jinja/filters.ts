import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { attempt, type Filter, FilterProblem, isTrue, list, text } from './arguments.ts';
import { among, collectionFilters } from './collections.ts';
import { numericFilters, numericNames } from './numeric.ts';
import { regexFilters, regexTests } from './regex.ts';
import { serializingFilters, serializingNames } from './serialized.ts';

/**
 * The filters of Ansible, and of Jinja2 where the engine has none of its own.
 *
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_filters.html
 */
export const filters: Readonly<Record<string, Filter>> = {
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
  path_join: (value) => {
    const [first, ...more] = (typeof value === 'string' ? [value] : list(value)).map(text);
    if (first === undefined) throw new FilterProblem('it takes at least one path');
    return more.reduce(pathJoined, first);
  },
  ternary: (value, { at }) => (value === null ? (at[2] ?? at[1]) : isTrue(value) ? at[0] : at[1]),
  mandatory: (value) => value,
  format: (value, { at }) => formatted(text(value), at),
  center: (value, { at }) => {
    const missing = Math.max(0, Number(at[0] ?? 80) - text(value).length);
    return ' '.repeat(Math.floor(missing / 2)) + text(value) + ' '.repeat(Math.ceil(missing / 2));
  },
  wordcount: (value) => text(value).split(/\s+/).filter(Boolean).length,
  pow: (value, { at }) => Number(value) ** Number(at[0]),
  log: (value, { at }) => Math.log(Number(value)) / (at[0] === undefined ? 1 : Math.log(Number(at[0]))),
  ...numericFilters,
  ...serializingFilters,
  ...regexFilters,
  ...collectionFilters,
};

/** What filters and tests may be told by name. */
export const argumentNames: Readonly<Record<string, readonly string[]>> = {
  ...numericNames,
  ...serializingNames,
  ...{ regex_replace: ['ignorecase', 'multiline'], regex_search: ['ignorecase', 'multiline'] },
  ...{ regex_findall: ['ignorecase', 'multiline'], match: ['ignorecase', 'multiline'] },
  ...{ search: ['ignorecase', 'multiline'], regex: ['ignorecase', 'multiline'] },
  ...{ combine: ['recursive', 'list_merge'], flatten: ['levels', 'skip_nulls'] },
  ...{ dict2items: ['key_name', 'value_name'], items2dict: ['key_name', 'value_name'] },
  ...{ zip_longest: ['fillvalue'], extract: ['morekeys'] },
};

/** The tests of Ansible. */
export const tests: Readonly<Record<string, Filter>> = {
  ...regexTests,
  truthy: (value) => isTrue(value),
  falsy: (value) => !isTrue(value),
  contains: (value, { at }) => (typeof value === 'string' ? value.includes(text(at[0])) : among(at[0], list(value))),
  subset: (value, { at }) => list(value).every((it) => among(it, list(at[0]))),
  superset: (value, { at }) => list(at[0]).every((it) => among(it, list(value))),
  version: (value, { at }) => isVersion(text(value), text(at[0]), text(at[1] ?? '==')),
};

function hashed(value: string, algorithm: string): string {
  return attempt(`cannot be hashed with ${algorithm}`, () => createHash(algorithm).update(value).digest('hex'));
}

/** Unlike Node, Python starts anew at an absolute path, and leaves the rest as it is written. */
function pathJoined(path: string, more: string): string {
  if (more.startsWith('/') || path === '') return more;
  return path.endsWith('/') ? path + more : `${path}/${more}`;
}

function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`;
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
