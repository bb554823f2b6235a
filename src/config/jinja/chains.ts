import { blocksOf } from './blocks.ts';

/**
 * An expression in which `a.b.c | default(x)` and `a.b.c is defined` may ask for what has no `a` or no `a.b` either, as
 * in Ansible. The engine would fail there, unless it were told to fail nowhere at what is not defined.
 */
export function withOpenChains(expression: string): string {
  return isToOpen(expression) ? new Chains(expression).opened() : expression;
}

/** What such chains begin with, as dotted names: it need not be there. */
export function openChainsIn(template: string): ReadonlySet<string> {
  return new Set(
    blocksOf(template).blocks.flatMap(({ inner }) => {
      if (!isToOpen(inner)) return [];
      const chains = new Chains(inner);
      chains.opened();
      return chains.names;
    }),
  );
}

function isToOpen(expression: string): boolean {
  return expression.length <= LONGEST && /\b(?:default|d|defined|undefined)\b/.test(expression);
}

/** Nobody writes more. */
const LONGEST = 10_000;

/** Brackets within brackets, and steps of a chain; nobody writes more. */
const DEEPEST = 50;

const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'|[A-Za-z_]\w*|\d[\w.]*|\S/g;

const words = new Set(
  'and or not in is if else elif for recursive set with filter call macro block include import from extends do'.split(
    ' ',
  ),
);

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** `a`, and each `.b`, `[c]` and `(d)` that follows it. */
interface Chain {
  /** The first token of each of them. */
  readonly steps: readonly number[];
  /** The token after it. */
  readonly end: number;
}

class Chains {
  /** Of those that need not be there. */
  readonly names: string[] = [];
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  readonly #closing: ReadonlyMap<number, number>;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = [...expression.matchAll(TOKEN)].map(({ 0: text, index }) => {
      return { text, start: index, end: index + text.length };
    });
    this.#closing = closingIn(this.#tokens);
  }

  opened(): string {
    return this.#between(0, this.#tokens.length, false) + this.#blanks(this.#tokens.length);
  }

  /** `isAsked`: if that is nothing but a chain, it need not be there. */
  #between(from: number, to: number, isAsked: boolean): string {
    const pieces: string[] = [];
    let at = from;
    while (at < to) {
      const chain = this.#begins(at) ? this.#chainAt(at, to) : undefined;
      const isAll = at === from && chain?.end === to;
      pieces.push(this.#blanks(at), chain ? this.#written(chain, isAsked && isAll) : this.#text(at));
      at = chain?.end ?? at + 1;
    }
    return pieces.join('');
  }

  /** What follows a bar or `is` is the name of a filter or of a test, and its arguments. */
  #begins(at: number): boolean {
    const [text, before] = [this.#text(at), this.#text(at - 1)];
    if (before === '.' || this.#isApplied(at)) return false;
    if ('([{'.includes(text)) return this.#closing.has(at) && !this.#isApplied(at - 1);
    return /^[A-Za-z_"']/.test(text) && !words.has(text);
  }

  #isApplied(at: number): boolean {
    const [two, one] = [this.#text(at - 2), this.#text(at - 1)];
    return one === '|' || one === 'is' || (two === 'is' && one === 'not');
  }

  #chainAt(start: number, to: number): Chain {
    const steps = [start];
    let at = this.#after(start);
    while (at < to) {
      const isAttribute = this.#text(at) === '.' && /^[A-Za-z_]/.test(this.#text(at + 1));
      if (!isAttribute && !('(['.includes(this.#text(at)) && this.#closing.has(at))) break;
      steps.push(at);
      at = isAttribute ? at + 2 : this.#after(at);
    }
    return { steps, end: at };
  }

  /** What is called must be there, and so what that is an attribute of. */
  #written({ steps, end }: Chain, isInAsked: boolean): string {
    const isAsked = steps.length <= DEEPEST && (isInAsked || this.#isAskedAt(end));
    const called = steps.findLastIndex((step, index) => index > 0 && this.#text(step) === '(');
    if (isAsked && called === -1) this.names.push(this.#nameOf(steps));
    return steps.reduce((written, step, index) => {
      const inner = this.#step(step, steps[index + 1] ?? end, isAsked && called === -1 && index === 0);
      if (index === 0) return inner;
      return (isAsked && index > called ? `(${written} | default({}))` : written) + this.#blanks(step) + inner;
    }, '');
  }

  #isAskedAt(at: number): boolean {
    const [sign, one, two] = [this.#text(at), this.#text(at + 1), this.#text(at + 2)];
    if (sign === '|') return one === 'default' || one === 'd';
    const test = one === 'not' ? two : one;
    return sign === 'is' && (test === 'defined' || test === 'undefined');
  }

  #step(from: number, to: number, isAsked: boolean): string {
    const closing = this.#closing.get(from);
    if (closing === undefined) return this.#expression.slice(this.#tokens[from]?.start, this.#tokens[to - 1]?.end);
    const inner = this.#between(from + 1, closing, isAsked && this.#text(from) === '(');
    return this.#text(from) + inner + this.#blanks(closing) + this.#text(closing);
  }

  /** Up to the first step that is worked out. */
  #nameOf(steps: readonly number[]): string {
    const names = steps.map((step) => {
      if (this.#text(step) === '.') return this.#text(step + 1);
      if (this.#text(step) !== '[') return this.#text(step);
      return /^["']/.test(this.#text(step + 1)) && this.#closing.get(step) === step + 2
        ? this.#text(step + 1).slice(1, -1)
        : undefined;
    });
    const end = names.indexOf(undefined);
    return names.slice(0, end === -1 ? undefined : end).join('.');
  }

  #after(at: number): number {
    return (this.#closing.get(at) ?? at) + 1;
  }

  #text(at: number): string {
    return this.#tokens[at]?.text ?? '';
  }

  /** What stands between a token and the one before it. */
  #blanks(at: number): string {
    return this.#expression.slice(this.#tokens[at - 1]?.end ?? 0, this.#tokens[at]?.start);
  }
}

/** Where each bracket that opens is closed, but for those that are too deep. */
function closingIn(tokens: readonly Token[]): Map<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (const [index, { text }] of tokens.entries()) {
    if ('([{'.includes(text)) open.push(index);
    else if (')]}'.includes(text)) {
      const opening = open.pop();
      if (opening !== undefined && open.length < DEEPEST) closing.set(opening, index);
    }
  }
  return closing;
}
