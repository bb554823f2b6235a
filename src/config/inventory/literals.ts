import { floatOf, integerOf } from './numbers.ts';

/**
 * A value as an INI inventory writes it: a Python literal (`5`, `True`, `[1, 'a']`, `{'k': 1}`), or else the
 * text itself. Tuples become lists; what JSON has no word for (sets, complex numbers) stays text.
 */
export function readLiteral(written: string): unknown {
  const reader = new LiteralReader(written);
  const literal = reader.whole();
  return literal === undefined ? written : literal.value;
}

interface Literal {
  readonly value: unknown;
}

const constants: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };
const deepest = 100;

/** Each method answers undefined where what is written is no literal, and then nothing more is read. */
class LiteralReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Literal | undefined {
    const first = this.#value();
    if (first === undefined) return undefined;
    const literal = this.#sees(',') ? this.#restOf([first.value], undefined) : first;
    this.#take(/[ \t]*(?:#.*)?/y);
    return this.#at === this.#text.length ? literal : undefined;
  }

  #value(): Literal | undefined {
    this.#take(/[ \t]*/y);
    const constant = this.#take(/(?:True|False|None)(?!\w)/y);
    if (constant !== undefined) return { value: constants[constant] };
    if (this.#sees('[')) return this.#nested(() => this.#restOf([], ']'));
    if (this.#sees('(')) return this.#nested(() => this.#parenthesised());
    if (this.#sees('{')) return this.#nested(() => this.#mapping());
    return this.#number() ?? this.#strings();
  }

  #nested(read: () => Literal | undefined): Literal | undefined {
    this.#depth += 1;
    const literal = this.#depth > deepest ? undefined : read();
    this.#depth -= 1;
    return literal;
  }

  /** What follows in a list or, with no bracket to close it, in a bare tuple. */
  #restOf(items: unknown[], close: ']' | ')' | undefined): Literal | undefined {
    for (;;) {
      if (close === undefined ? this.#isAtEnd() : this.#sees(close)) return { value: items };
      const item = this.#value();
      if (item === undefined) return undefined;
      items.push(item.value);
      if (!this.#sees(','))
        return (close === undefined ? this.#isAtEnd() : this.#sees(close)) ? { value: items } : undefined;
    }
  }

  #parenthesised(): Literal | undefined {
    if (this.#sees(')')) return { value: [] };
    const first = this.#value();
    if (first === undefined) return undefined;
    if (this.#sees(',')) return this.#restOf([first.value], ')');
    return this.#sees(')') ? first : undefined;
  }

  #mapping(): Literal | undefined {
    const entries: [string, unknown][] = [];
    for (;;) {
      if (this.#sees('}')) return { value: Object.fromEntries(entries) };
      const key = this.#value();
      if (key === undefined || (typeof key.value === 'object' && key.value !== null) || !this.#sees(':'))
        return undefined;
      const value = this.#value();
      if (value === undefined) return undefined;
      entries.push([String(key.value), value.value]);
      if (!this.#sees(',')) return this.#sees('}') ? { value: Object.fromEntries(entries) } : undefined;
    }
  }

  #number(): Literal | undefined {
    const sign = this.#take(/[-+][ \t]*/y) ?? '';
    const float = this.#take(
      /(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.)(?:[eE][-+]?\d+)?|\d(?:_?\d)*[eE][-+]?\d+/y,
    );
    const written =
      float ?? this.#take(/0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?\d)*|0(?:_?0)*/y);
    if (written === undefined || this.#take(/(?=[\w.])/y) !== undefined) return undefined;
    const digits = written.replaceAll('_', '');
    const isNegative = sign.startsWith('-');
    if (float !== undefined) return { value: floatOf(isNegative ? -Number(digits) : Number(digits)) };
    return { value: integerOf(isNegative, digits) };
  }

  /** Strings beside each other are one string. */
  #strings(): Literal | undefined {
    let value: string | undefined;
    for (;;) {
      this.#take(/[ \t]*/y);
      const written = this.#take(
        /(?:[rR]?[bB]?|[bB][rR]|[uU])(?:"""[^]*?"""|'''[^]*?'''|"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*')/y,
      );
      if (written === undefined) return value === undefined ? undefined : { value };
      const prefix = /^[a-zA-Z]*/.exec(written)?.[0] ?? '';
      const quoted = written.slice(prefix.length);
      const width = /^("""|''')/.test(quoted) ? 3 : 1;
      const inner = quoted.slice(width, -width);
      value = (value ?? '') + (/r/i.test(prefix) ? inner : unescaped(inner));
    }
  }

  #sees(sign: string): boolean {
    this.#take(/[ \t]*/y);
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #isAtEnd(): boolean {
    return /^[ \t]*(?:#.*)?$/.test(this.#text.slice(this.#at));
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unescaped(text: string): string {
  return text.replace(
    /\\(?:[0-7]{1,3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U00(?:0[\da-fA-F]|10)[\da-fA-F]{4}|[^])/g,
    (written) => {
      const code = written.slice(1);
      if (/^[0-7]/.test(code)) return String.fromCodePoint(parseInt(code, 8));
      if (/^[xuU]./.test(code)) return String.fromCodePoint(parseInt(code.slice(1), 16));
      return escapes[code] ?? written;
    },
  );
}
