/** Files of `KEY=value`, as Compose reads them: `.env`, and what `env_file` and `label_file` name. */
import { interpolated, InterpolationProblem, type Lookup } from './interpolation.ts';

/** Something wrong on a line of the file, counted from 1. */
export class EnvFileProblem extends Error {
  override readonly name = 'EnvFileProblem';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Nothing of the line is shown: it may be the second one of a key. */
const NO_PAIR = 'should be KEY=value (a value of several lines needs quotation marks)';

export type Variables = Readonly<Record<string, string>>;

const KEY = /^(?:export[^\S\n]+)?([\p{L}\p{N}_.[\]-]+)[^\S\n]*(?:([=:])[^\S\n]*|(?=\n|$))/u;
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' };

/**
 * Reads the variables of a file. One without a value takes that of `lookup`, if it has one; so does `$NAME`, and else
 * what was set above it.
 *
 * @throws EnvFileProblem for the first thing that is wrong
 */
export function parseEnvFile(text: string, lookup: Lookup): Variables {
  const found = new Map<string, string>();
  const known: Lookup = (name) => lookup(name) ?? found.get(name);
  let rest = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const whole = rest;
  const skip = (): void => {
    rest = rest.replace(/^(?:\s+|#[^\n]*)+/, '');
  };
  for (;;) {
    skip();
    if (rest === '') return Object.fromEntries(found);
    const at = whole.length - rest.length;
    const line = (): number => whole.slice(0, at).split('\n').length;
    const match = KEY.exec(rest);
    const key = match?.[1];
    if (!match || key === undefined) throw new EnvFileProblem(line(), NO_PAIR);
    rest = rest.slice(match[0].length);
    if (match[2] === undefined) {
      const inherited = known(key);
      if (inherited !== undefined) found.set(key, inherited);
      continue;
    }
    const { written, length } = valueIn(rest, line);
    rest = rest.slice(length);
    found.set(key, filled(written, known, { key, line }));
  }
}

/** Every line as it is: nothing is a comment but a line of its own, no quotes, no variables. */
export function parseRawEnvFile(text: string): Variables {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line, number: index + 1 }));
  const pairs = lines
    .filter(({ line }) => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .map(({ line, number }) => {
      const [, key, value] = /^\s*([^=\s]+)=(.*)$/.exec(line) ?? [];
      if (key === undefined) throw new EnvFileProblem(number, 'should be KEY=value');
      return [key, value ?? ''] as const;
    });
  return Object.fromEntries(pairs);
}

interface Entry {
  readonly key: string;
  readonly line: () => number;
}

interface Written {
  readonly text: string;
  readonly isLiteral: boolean;
}

function filled({ text, isLiteral }: Written, known: Lookup, { key, line }: Entry): string {
  if (isLiteral) return text;
  try {
    return interpolated(text, known);
  } catch (error) {
    if (!(error instanceof InterpolationProblem)) throw error;
    throw new EnvFileProblem(line(), `${key}: ${error.messageAt(key)}`);
  }
}

/** The value that `rest` begins with, without quotes and escapes, and how much of `rest` it takes. */
function valueIn(rest: string, line: () => number): { readonly written: Written; readonly length: number } {
  const quote = rest[0];
  if (quote !== '"' && quote !== "'") {
    const whole = /^[^\n]*/.exec(rest)?.[0] ?? '';
    const text = (whole.startsWith('#') ? '' : (whole.split(' #', 1)[0] ?? '')).trimEnd();
    return { written: { text, isLiteral: false }, length: whole.length };
  }
  const [whole, inner = ''] = (quote === '"' ? /^"((?:[^"\\]|\\[^])*)"/ : /^'((?:[^'\\]|\\[^])*)'/).exec(rest) ?? [];
  if (whole === undefined) throw new EnvFileProblem(line(), 'a quotation mark is not closed');
  const text = quote === '"' ? unescaped(inner) : inner.replaceAll("\\'", "'");
  return { written: { text, isLiteral: quote === "'" }, length: whole.length };
}

/** `\$` becomes `$$`, which stands for a dollar sign. */
function unescaped(text: string): string {
  return text.replace(/\\([abfnrtv$"\\])/g, (_all, char: string) => (char === '$' ? '$$' : (escapes[char] ?? char)));
}
