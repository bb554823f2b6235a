import { Failure, reasonOf } from '../../errors.ts';
import { count } from '../../rollout/count.ts';
import type { Inventory } from './inventory.ts';
import { printable } from './ranges.ts';
import { suggestion } from './suggestions.ts';

/** Union, intersection or difference. */
export type Sign = '' | '&' | '!';

/**
 * The hosts of one term of a pattern: a host, a group, a glob, a `~regular expression`, each perhaps with a
 * subscript. A term that matches nothing is a mistake, except for a glob that takes hosts away.
 *
 * @throws Failure `config`
 */
export function membersOf(inventory: Inventory, term: string, sign: Sign): string[] {
  if (inventory.hosts.has(term)) return [term];
  const { base, subscript } = withoutSubscript(term);
  const members = unsubscripted(inventory, base);
  if (members === undefined) {
    if (sign !== '' && isGlob(base)) return [];
    throw new Failure('config', `Cannot select hosts: ${mismatch(inventory, term, base)}`);
  }
  if (subscript === undefined) return members;
  const chosen = subscript(members);
  if (chosen.length > 0) return chosen;
  const all = `${count(members.length, 'host')} of "${base}"`;
  throw new Failure('config', `Cannot select hosts: "${printable(term)}" matches none of the ${all}`);
}

function mismatch(inventory: Inventory, term: string, base: string): string {
  const what = `"${printable(term)}" matches no host and no group`;
  if (term === 'localhost' || term === '127.0.0.1' || term === '::1') {
    return `${what}; localhost must be in the inventory to be meant`;
  }
  const hint = suggestion(base, [...inventory.groups.keys(), ...inventory.hosts.keys()]);
  if (base === term) return `${what}${hint}`;
  return `${what}; [...] at its end chooses among the hosts of "${printable(base)}"${hint}`;
}

type Subscript = (members: string[]) => string[];

/** `[0]`, `[-1]`, `[1:2]` (both ends included), `[1:]`, `[:2]`; Ansible takes `[1-2]`, too. */
function withoutSubscript(term: string): { base: string; subscript?: Subscript } {
  if (term.startsWith('~')) return { base: term };
  const [, base = '', index, first = '', last = ''] = /^(.+)\[(?:(-?\d+)|(\d*)[:-](\d*))\]$/.exec(term) ?? [];
  if (base === '') return { base: term };
  if (index !== undefined) {
    return { base, subscript: (members) => members.slice(Number(index)).slice(0, 1).filter(isWithin(members, index)) };
  }
  if (first === '' && last === '') return { base: term };
  return { base, subscript: (members) => members.slice(Number(first), last === '' ? undefined : Number(last) + 1) };
}

/** `slice(-9)` of six is all six, but there is no ninth from the end. */
function isWithin(members: readonly string[], index: string): () => boolean {
  return () => Number(index) >= -members.length;
}

/** Undefined if nothing has such a name; an empty group has. */
function unsubscripted({ hosts, groups }: Inventory, base: string): string[] | undefined {
  if (hosts.has(base)) return [base];
  const group = groups.get(base);
  if (!isGlob(base)) return group && [...group];
  const matches = matcherOf(base);
  const ofGroups = [...groups].filter(([name]) => matches(name));
  const ofHosts = [...hosts.keys()].filter(matches);
  if (ofGroups.length === 0 && ofHosts.length === 0) return undefined;
  return [...new Set([...ofGroups.flatMap(([, members]) => members), ...ofHosts])];
}

function isGlob(text: string): boolean {
  return text.startsWith('~') || /[*?[]/.test(text);
}

/** In characters: a pattern chooses among names, which are no longer than 255 themselves. */
const LONGEST = 10_000;

function matcherOf(pattern: string): (name: string) => boolean {
  if (pattern.length > LONGEST) {
    throw new Failure('config', `Cannot select hosts: "${printable(pattern)}" has more than ${LONGEST} characters`);
  }
  const expression = pattern.startsWith('~') ? regexOf(pattern) : globOf(pattern);
  return (name) => expression.test(name);
}

/** Anchored at the start only, as in Ansible; the few words that Python has of its own are translated. */
function regexOf(pattern: string): RegExp {
  const [, flags = '', body = ''] = /^~(?:\(\?([ims]+)\))?([^]*)$/.exec(pattern) ?? [];
  const source = body
    .replaceAll('(?P<', '(?<')
    .replace(/(?<!\\)((?:\\\\)*)\\Z/g, '$1$$')
    .replaceAll('\\A', '^');
  return compiled(`^(?:${source})`, flags, pattern);
}

function globOf(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)(\]?[^\]]*)\]|[^]/g, (written, not: string | undefined, set: string) => {
    if (not !== undefined) return `[${not === '' ? '' : '^'}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
    if (written === '*') return '.*';
    return written === '?' ? '.' : written.replace(/[\\^$.|+()[\]{}/]/g, '\\$&');
  });
  return compiled(`^${source}$`, 's', pattern);
}

function compiled(source: string, flags: string, pattern: string): RegExp {
  try {
    const expression = new RegExp(source, flags);
    // One that is too large is found only when it is used.
    expression.test('');
    return expression;
  } catch (error) {
    const reason = `"${printable(pattern)}" is no valid pattern: ${reasonOf(error).replace(/^[^]*\/[a-z]*: /, '')}`;
    throw new Failure('config', `Cannot select hosts: ${reason}`, { cause: error });
  }
}
