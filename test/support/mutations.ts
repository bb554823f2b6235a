/** What befalls a file: the same seed, the same damage. */

export type Random = () => number;

/** From 0 up to 1. @see https://en.wikipedia.org/wiki/Xorshift */
export function randomOf(seed: number): Random {
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

function oneOf<T>(items: readonly [T, ...T[]], random: Random): T {
  return items[below(items.length, random)] ?? items[0];
}

/** What people, editors and attackers put into files. */
const junk: readonly [string, ...string[]] = [
  ...([
    '\0',
    '\t',
    '\r',
    '\uFEFF',
    '\u2028',
    'é',
    '😀',
    '"',
    "'",
    '`',
    '\\',
    '#',
    '%',
    '!',
    '!vault |',
    '!!python/object:os.system',
  ] as const),
  ...([
    '{{',
    '}}',
    '{{ x }}',
    '{% if %}',
    '${X',
    '${X:?}',
    '$$',
    '$(id)',
    '; shutdown frontend fe',
    '\n',
    ': ',
    '- ',
    '-',
    '? ',
    '| ',
    '>',
  ] as const),
  ...([
    '&a ',
    '*a',
    '<<: *a',
    '<<: [1]',
    '[',
    ']',
    '{',
    '}',
    '[[1:9]',
    'h[1:999999999]',
    '---',
    '...',
    '~',
    'null',
    'yes',
    '0x1g',
  ] as const),
  ...([
    '22:22',
    '1e999',
    '-1',
    '.5.',
    '9'.repeat(400),
    'a'.repeat(5_000),
    '[ '.repeat(300),
    '{a: '.repeat(300),
    '__proto__: 1',
    'constructor',
  ] as const),
];

const values: readonly [string, ...string[]] = [
  '1',
  '-1',
  '1.5',
  'true',
  '[]',
  '{}',
  '[1, 2]',
  '{ a: 1 }',
  '""',
  'x y',
  '~',
  '{{ nosuch }}',
  '2026-01-01',
];

type Mutation = (text: string, random: Random) => string;

function atLine(change: (lines: string[], at: number, random: Random) => void): Mutation {
  return (text, random) => {
    const lines = text.split('\n');
    change(lines, below(lines.length, random), random);
    return lines.join('\n');
  };
}

const mutations: readonly [Mutation, ...Mutation[]] = [
  (text, random) => {
    const at = below(text.length, random);
    return text.slice(0, at) + String.fromCharCode(below(256, random)) + text.slice(at + 1);
  },
  (text, random) => text.slice(0, below(text.length, random)),
  (text, random) => {
    const at = below(text.length + 1, random);
    return text.slice(0, at) + oneOf(junk, random) + text.slice(at);
  },
  atLine((lines, at) => void lines.splice(at, 1)),
  atLine((lines, at) => void lines.splice(at, 0, lines[at] ?? '')),
  atLine((lines, at, random) => {
    const other = below(lines.length, random);
    [lines[at], lines[other]] = [lines[other] ?? '', lines[at] ?? ''];
  }),
  atLine((lines, at, random) => {
    lines[at] = (lines[at] ?? '').replace(/([:=] *).*$/, (_, before: string) => before + oneOf(values, random));
  }),
  atLine((lines, at, random) => {
    lines[at] = (lines[at] ?? '').replace(/^( *)(- )?/, (all: string) => (random() < 0.5 ? `  ${all}` : all.slice(2)));
  }),
  atLine((lines, at, random) => {
    lines[at] = (lines[at] ?? '').replace(/\w+/, (word) => word.slice(1) + oneOf(['', 'x', word], random));
  }),
];

/** One to three things at once. */
export function damaged(text: string, random: Random): string {
  const times = 1 + below(3, random);
  return Array.from({ length: times }).reduce<string>((now) => oneOf(mutations, random)(now, random), text);
}
