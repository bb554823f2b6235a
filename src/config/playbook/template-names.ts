import { blocksOf } from '../jinja/blocks.ts';

/** A variable as a template names it: `app.port` is `['app', 'port']`. */
export type Reference = readonly [string, ...string[]];

export interface Names {
  /** Every variable that the template may look up. */
  readonly all: readonly Reference[];
  /** Those that every rendering needs: neither under a condition nor asked for with `is defined` or `default`. */
  readonly needed: readonly Reference[];
}

const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'|[A-Za-z_]\w*|\d[\w.]*|==|\S/g;

/** Stands before the word of a tag, such as `if`. */
const TAG = '{%';

const reserved = new Set('and or not in is if else true false none True False None'.split(' '));

const conditional = new Set(['if', 'and', 'or', 'elif', 'for', 'macro', 'import', 'from']);

const MOST_REMEMBERED = 1000;
const remembered = new Map<string, Names>();

/** Reads the names out of a template without running it; blind to what a loop or `set` calls the same. */
export function namesIn(template: string): Names {
  const known = remembered.get(template);
  if (known !== undefined) return known;
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  const names = readNames(template);
  remembered.set(template, names);
  return names;
}

function readNames(template: string): Names {
  const blocks = blocksOf(template).blocks.map(({ opening, inner }) => [opening, ...(inner.match(TOKEN) ?? []), ';']);
  const tokens = blocks.flat();
  const local = localsOf(blocks);
  const found = referencesIn(tokens).filter(({ path }) => !local.has(path[0]));
  const all = found.map(({ path }) => path);
  if (tokens.some((token) => conditional.has(token))) return { all, needed: [] };
  const asked = new Set(found.filter(({ isAsked }) => isAsked).map(({ path }) => path.join('.')));
  return { all, needed: all.filter((path) => !asked.has(path.join('.'))) };
}

interface Found {
  readonly path: Reference;
  readonly isAsked: boolean;
}

function referencesIn(tokens: readonly string[]): Found[] {
  const found: Found[] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isName(token) || reserved.has(token) || isNoVariable(tokens, index)) continue;
    const path: [string, ...string[]] = [token];
    const end = follow(tokens, index + 1, path);
    if (tokens[end] === '(' && path.length === 1) continue;
    if (tokens[end] === '(') path.pop();
    found.push({ path, isAsked: isAsked(tokens, end) });
  }
  return found;
}

/** After a dot, a bar or `is` stands an attribute, a filter or a test; before a lone `=` what is given a value. */
function isNoVariable(tokens: readonly string[], index: number): boolean {
  const [two, one] = [tokens[index - 2], tokens[index - 1]];
  if (one === TAG) return true;
  return one === '.' || one === '|' || one === 'is' || (two === 'is' && one === 'not') || tokens[index + 1] === '=';
}

/** Adds to `path` the attributes that follow, and tells where they end. */
function follow(tokens: readonly string[], from: number, path: string[]): number {
  let at = from;
  for (;;) {
    const [first, second = '', third] = tokens.slice(at, at + 3);
    if (first === '.' && isName(second)) {
      path.push(second);
      at += 2;
    } else if (first === '[' && /^["']/.test(second) && third === ']') {
      path.push(second.slice(1, -1));
      at += 3;
    } else return at;
  }
}

function isAsked(tokens: readonly string[], end: number): boolean {
  const [first, second = '', third = ''] = tokens.slice(end, end + 3);
  if (first === '|') return second === 'default' || second === 'd';
  const test = second === 'not' ? third : second;
  return first === 'is' && (test === 'defined' || test === 'undefined');
}

/** What `set` and `for` name themselves. */
function localsOf(blocks: readonly (readonly string[])[]): Set<string> {
  const named = blocks.flatMap(([opening, word = '', ...rest]) => {
    if (opening !== TAG || !['set', 'for'].includes(word)) return [];
    return rest
      .slice(
        0,
        rest.findIndex((it) => it === '=' || it === 'in' || it === ';'),
      )
      .filter(isName);
  });
  return new Set(named);
}

function isName(token: string): boolean {
  return /^[A-Za-z_]/.test(token);
}
