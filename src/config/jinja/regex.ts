import { attempt, type Filter, FilterProblem, isTrue, text } from './arguments.ts';
import { isMapping } from '../values.ts';

/** The filters of Ansible that take a regular expression of Python. */
export const regexFilters: Readonly<Record<string, Filter>> = {
  regex_replace: (value, { at, named }) => {
    const [pattern = '', replacement = '', ignorecase = named['ignorecase'], multiline = named['multiline']] = at;
    const expression = regex(text(pattern), `g${flagsOf({ ignorecase, multiline })}`);
    return replaced(text(value), expression, text(replacement));
  },
  regex_search: (value, { at, named }) => {
    const [pattern = '', ...written] = at.map(text);
    const groups = written.map(groupIn);
    const found = regex(pattern, flagsOf(named)).exec(text(value));
    if (groups.length === 0 || found === null) return found?.[0] ?? null;
    return groups.map((group) => groupOf(found, group));
  },
  regex_findall: (value, { at, named }) => {
    const [pattern, multiline = named['multiline'], ignorecase = named['ignorecase']] = at;
    const expression = regex(text(pattern), `g${flagsOf({ ignorecase, multiline })}`);
    return [...text(value).matchAll(expression)].map(([whole, ...groups]: readonly (string | undefined)[]) => {
      const [first = whole, ...others] = groups.map((group) => group ?? '');
      return others.length === 0 ? first : [first, ...others];
    });
  },
  regex_escape: (value) => text(value).replace(/[\\^$.|?*+()[\]{}#&~ \t\n\r\v\f-]/g, '\\$&'),
};

export const regexTests: Readonly<Record<string, Filter>> = {
  match: (value, { at, named }) => regex(`^(?:${text(at[0])})`, flagsOf(named)).test(text(value)),
  search: (value, { at, named }) => regex(text(at[0]), flagsOf(named)).test(text(value)),
  regex: (value, { at, named }) => regex(text(at[0]), flagsOf(named)).test(text(value)),
};

function flagsOf(named: Readonly<Record<string, unknown>>): string {
  const { ignorecase, multiline } = named;
  if (isMapping(ignorecase) || isMapping(multiline))
    throw new FilterProblem('it takes ignorecase and multiline by name');
  return `${isTrue(ignorecase) ? 'i' : ''}${isTrue(multiline) ? 'm' : ''}`;
}

function regex(pattern: string, flags: string): RegExp {
  const [, inline = '', body = ''] = /^(\(\?[ims]+\))?([^]*)$/.exec(pattern) ?? [];
  const source = body.replaceAll('(?P<', '(?<').replaceAll('\\Z', '$').replaceAll('\\A', '^');
  const all = [...new Set(flags + inline.replace(/[(?)]/g, ''))].join('');
  return attempt(`cannot be matched with ${pattern}`, () => new RegExp(source, all));
}

function replaced(value: string, expression: RegExp, replacement: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (const found of value.matchAll(expression)) {
    pieces.push(value.slice(at, found.index), filledIn(replacement, found));
    at = found.index + found[0].length;
  }
  return pieces.join('') + value.slice(at);
}

/** What stands after a backslash in Python's replacements, beside groups. */
const escapes: Readonly<Record<string, string>> = {
  ...{ '0': '\0', '\\': '\\', a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

function filledIn(replacement: string, found: RegExpExecArray): string {
  return replacement.replace(/\\(?:g<(\w+)>|([1-9]\d?)|([^]))/g, (written, ...parts: (string | undefined)[]) => {
    const [name, number, other = ''] = parts;
    const group = name ?? number;
    if (group !== undefined) return groupOf(found, group) ?? '';
    if (escapes[other] !== undefined) return escapes[other];
    if (/[a-z\d]/i.test(other)) throw new FilterProblem(`there is no "${written}" in a replacement`);
    return written;
  });
}

/** Of `\1` or `\g<name>`. */
function groupIn(written: string): string {
  const [, name, number] = /^\\(?:g<(\D\S*)>|(\d+))/.exec(written) ?? [];
  const group = name ?? number;
  if (group === undefined) throw new FilterProblem(`"${written}" is no group such as \\1 or \\g<name>`);
  return group;
}

function groupOf(found: RegExpExecArray, group: string): string | null {
  const isKnown = /^\d/.test(group) ? Number(group) < found.length : Object.hasOwn(found.groups ?? {}, group);
  if (!isKnown) throw new FilterProblem(`its regular expression has no group ${group}`);
  return (/^\d/.test(group) ? found[Number(group)] : found.groups?.[group]) ?? null;
}
