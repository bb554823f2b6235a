import { isIPv6 } from 'node:net';
import { Failure, reasonOf } from '../../errors.ts';
import { Complaints, failureOf } from '../document.ts';
import { textOf } from '../reading.ts';
import type { Inventory } from './inventory.ts';
import { membersOf, type Sign } from './members.ts';
import { printable } from './ranges.ts';

/**
 * The hosts that a pattern such as `web:&prod:!fe3` means, of those that the limit means, too.
 *
 * Unions come first, then `&`, then `!`, however they are written. Hosts keep the order of the pattern; the
 * limit changes nothing about it.
 *
 * @param readFile - reads the file of `@file`, with a host pattern on each line
 * @throws Failure `config` if a name in them matches nothing, or if no host is left
 */
export function selectHosts(
  inventory: Inventory,
  pattern: string,
  limit?: string,
  readFile: (path: string) => string = (path) => textOf(path),
): readonly string[] {
  const hosts = hostsMatching(inventory, pattern, readFile);
  const within = limit === undefined ? undefined : new Set(hostsMatching(inventory, limit, readFile));
  const selected = hosts.filter((host) => within?.has(host) ?? true);
  if (selected.length > 0) return selected;
  const limited = limit === undefined ? '' : ` with the limit ${quoted(limit)}`;
  throw new Failure('config', `Cannot select hosts: ${quoted(pattern)}${limited} leaves no host`);
}

function hostsMatching(inventory: Inventory, pattern: string, readFile: (path: string) => string): string[] {
  const terms = unique(termsOf(inventory, pattern).flatMap((term) => withFile(inventory, term, readFile)));
  if (terms.length === 0) throw new Failure('config', `Cannot select hosts: the pattern ${quoted(pattern)} is empty`);
  const membersOfAll = (sign: Sign): string[][] =>
    terms.filter((term) => term.sign === sign).map((term) => term.members ?? membersOf(inventory, term.text, sign));
  const unions = membersOfAll('');
  let hosts = unions.length > 0 ? unions.flat() : (inventory.groups.get('all') ?? []);
  for (const members of membersOfAll('&').map((it) => new Set(it))) hosts = hosts.filter((host) => members.has(host));
  const excluded = new Set(membersOfAll('!').flat());
  return [...new Set(hosts)].filter((host) => !excluded.has(host));
}

interface Term {
  readonly sign: Sign;
  readonly text: string;
  /** Of `!@file` and `&@file`, where they are known beforehand. */
  readonly members?: string[];
}

function unique(terms: readonly Term[]): Term[] {
  return [...new Map(terms.map((term) => [`${term.sign}${term.text}`, term])).values()];
}

/**
 * The terms between commas, colons and blanks that are not in brackets. An IPv6 address is one term, also
 * between commas.
 */
function termsOf(inventory: Inventory, pattern: string): Term[] {
  const pieces = splitOutsideBrackets(pattern, ',').flatMap((piece) => {
    const bare = piece.trim().replace(/^[&!]/, '');
    const isOne = isIPv6(bare) || inventory.hosts.has(bare) || bare.includes('::');
    return isOne ? [piece.trim()] : splitOutsideBrackets(piece, bare.startsWith('@') ? ':' : ': \t\n');
  });
  return pieces.filter((piece) => piece !== '').map(termOf);
}

function termOf(written: string): Term {
  const sign = written.startsWith('&') ? '&' : written.startsWith('!') ? '!' : '';
  const text = written.slice(sign.length).trim();
  if (text === '' || text === '@')
    throw new Failure('config', `Cannot select hosts: there is nothing after "${written}"`);
  return { sign, text };
}

/** A regular expression may hold separators in round and curly brackets, too. */
function splitOutsideBrackets(text: string, separators: string): string[] {
  const pieces: string[] = [];
  let [start, depth] = [0, 0];
  let brackets: Brackets | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (depth === 0 && separators.includes(character)) {
      pieces.push(text.slice(start, at));
      start = at + 1;
      brackets = undefined;
      continue;
    }
    if (character.trim() !== '') brackets ??= /^[&!]?~/.test(text.slice(at, at + 2)) ? ofRegex : ofGlob;
    if (brackets?.opening.includes(character)) depth += 1;
    if (brackets?.closing.includes(character)) depth = Math.max(0, depth - 1);
  }
  return [...pieces, text.slice(start)];
}

interface Brackets {
  readonly opening: string;
  readonly closing: string;
}

const ofGlob: Brackets = { opening: '[', closing: ']' };
const ofRegex: Brackets = { opening: '[({', closing: '])}' };

/** `@file` stands for the patterns on its lines; `!@file` and `&@file` for the hosts they match together. */
function withFile(inventory: Inventory, term: Term, readFile: (path: string) => string): Term[] {
  if (!term.text.startsWith('@')) return [term];
  const path = term.text.slice(1);
  const lines = linesOf(path, readFile);
  const terms = lines.flatMap((line) => termsOf(inventory, line));
  const nested = terms.find((it) => it.text.startsWith('@'));
  if (nested !== undefined) {
    throw new Failure('config', `Cannot select hosts: ${path} refers to another file, ${quoted(nested.text)}`);
  }
  if (terms.length === 0) throw new Failure('config', `Cannot select hosts: ${path} names none`);
  if (term.sign === '') return terms;
  return [{ ...term, members: hostsMatching(inventory, lines.join(','), readFile) }];
}

function linesOf(path: string, readFile: (path: string) => string): string[] {
  try {
    const lines = readFile(path).split(/\r?\n/);
    return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    if (error instanceof Complaints) throw failureOf(error.complaints);
    throw new Failure('config', `Cannot select hosts: cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function quoted(pattern: string): string {
  return `"${printable(pattern)}"`;
}
