import { createRequire } from 'node:module';
import type { Environment as MiniJinja } from 'minijinja-js';
import { reasonOf } from '../../errors.ts';
import { blocksOf } from './blocks.ts';
import { pythonText } from '../inventory/python-text.ts';
import { type Filter, FilterProblem } from './arguments.ts';
import { withOpenChains } from './chains.ts';
import { argumentNames, filters, tests } from './filters.ts';
import { type Looking, lookups, WantedVariable } from './lookups.ts';

type Context = Readonly<Record<string, unknown>>;

/** What is rendered. Filters of ours cannot tell `none` from what is not defined, so they are told. */
export interface Rendering extends Looking {
  readonly context: Context;
  /** Everything that the template names is there. */
  readonly isComplete: boolean;
}

/** The text that a template becomes, with values printed as Python prints them. */
export function renderedText(template: string, rendering: Rendering): string {
  const printed = withPrinting(template, (inner) => `(${literally(inner)}) | ${printerOf(inner)}`);
  return withEngine(rendering, (engine) => engine.renderStr(printed, rendering.context));
}

/** The same of a whole file, in which a line that only has tags leaves nothing behind. */
export function renderedFile(template: string, rendering: Rendering): string {
  const lineOf = linesIn(template);
  const printed = withPrinting(template, (inner, at) => `(${inner}) | ${printerOf(inner)}(${lineOf(at)})`);
  // Nothing that is not defined may become nothing: all that a file prints is meant.
  return withEngine({ ...rendering, isComplete: false }, (engine) => {
    Object.assign(engine, { trimBlocks: true, lstripBlocks: true, fuel: FUEL_FOR_FILES });
    try {
      return engine.renderStr(printed, rendering.context);
    } finally {
      Object.assign(engine, { trimBlocks: false, lstripBlocks: false, fuel: FUEL });
    }
  });
}

/** The value of an expression; both `none` and what is not defined are undefined. */
export function valueOf(expression: string, rendering: Rendering): unknown {
  refuseNamesInMap(expression);
  return plain(
    withEngine(
      rendering,
      (engine) => engine.evalExpr(literally(withOpenChains(expression)), rendering.context) as unknown,
    ),
  );
}

const TEXTS = /"[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'/g;

/** The engine panics at an expression that closes what it did not open, so none is given to it. */
export function isBalanced(expression: string): boolean {
  const bare = expression.replace(TEXTS, '');
  let open = 0;
  for (const bracket of bare.match(/[()[\]{}"'#%]/g) ?? []) {
    if ('([{'.includes(bracket)) open += 1;
    else if (')]}'.includes(bracket)) open -= 1;
    else if (bracket !== '%') return false;
    if (open < 0) return false;
  }
  return open === 0 && expression.trim() !== '' && !/%\}|\{%/.test(bare);
}

const PRINT = 'sluice_print';
const PRINT_PERHAPS = 'sluice_print_perhaps';

/** Each `{{ x }}` as `{{ (x) | sluice_print }}`: the engine itself prints `true`, where Python prints `True`. */
function withPrinting(template: string, print: (inner: string, start: number) => string): string {
  const { blocks, unclosed } = blocksOf(template);
  // The engine panics where it would have to show a long line of which the end is missing.
  if (unclosed) throw new Error(`${unclosed.message} (in <file>:${linesIn(template)(unclosed.at)})`);
  const pieces: string[] = [];
  let at = 0;
  for (const { opening, start, from, to, inner } of blocks) {
    if (!isBalanced(inner)) continue;
    if (opening === '{{') refuseNamesInMap(inner);
    const open = withOpenChains(inner);
    pieces.push(template.slice(at, from), opening === '{{' ? ` ${print(open, start)} ` : open);
    at = to;
  }
  return pieces.join('') + template.slice(at);
}

/** The engine would not hand them over, and not say so. */
function refuseNamesInMap(expression: string): void {
  const [, filter, name] = NAME_IN_MAP.exec(expression) ?? [];
  if (filter === undefined || name === undefined) return;
  throw new Error(`map(${filter}) can have no ${name}= here: write what it is told without names, in its order`);
}

const NAME_IN_MAP =
  /\bmap\(\s*("\w+"|'\w+')\s*,(?:"[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'|[^()"'])*?\b([A-Za-z_]\w*)\s*=(?!=)/;

/** A backslash in a text of an expression stands for itself, as in Ansible, but not in a file that is a template. */
function literally(expression: string): string {
  return expression.replace(TEXTS, (written) =>
    written.replace(/\\(?:(["'])|\\|)/g, (pair, mark: string | undefined) => (mark === undefined ? pair + pair : pair)),
  );
}

/** The line, from 1 on, of an offset that is not before the last one asked for. */
function linesIn(template: string): (offset: number) => number {
  let [at, line] = [0, 1];
  return (offset) => {
    line += template.slice(at, offset).split('\n').length - 1;
    at = offset;
    return line;
  };
}

/** `x if y` without an `else` is nothing where y is not true. */
function printerOf(expression: string): string {
  return /\bif\b/.test(expression) && !/\belse\b/.test(expression) ? PRINT_PERHAPS : PRINT;
}

/** Enough for any name or address; a template that loops for ever ends in "ran out of fuel". */
const FUEL = 1_000_000;

/** Enough for the configuration of thousands of servers. */
const FUEL_FOR_FILES = 100_000_000;

let engine: MiniJinja | undefined;

/** What went wrong in a filter, which must not throw: the engine would not survive it. */
const filtered: { problem: Error | undefined } & Omit<Rendering, 'context'> = {
  problem: undefined,
  isComplete: true,
  folder: '.',
};

function withEngine<T>({ isComplete, folder, onLooked, variables }: Rendering, run: (engine: MiniJinja) => T): T {
  Object.assign(filtered, { isComplete, folder, onLooked, variables });
  engine ??= newEngine();
  filtered.problem = undefined;
  try {
    const result = run(engine);
    throwProblem();
    return result;
  } catch (error) {
    // After a panic every further call fails too.
    if ((error instanceof Error && error.name === 'RuntimeError') || reasonOf(error).includes('unsafe aliasing'))
      engine = undefined;
    // What was handed on in its place may be what the engine fails at.
    const problem = filtered.problem as Error | undefined;
    throw problem instanceof WantedVariable ? problem : error;
  }
}

function throwProblem(): void {
  if (filtered.problem) throw filtered.problem;
}

/** Loaded when the first template is met: a megabyte of WebAssembly that most commands do without. */
function newEngine(): MiniJinja {
  const { Environment } = createRequire(import.meta.url)('minijinja-js') as typeof import('minijinja-js');
  const fresh = new Environment();
  fresh.undefinedBehavior = 'strict';
  fresh.keepTrailingNewline = true;
  fresh.fuel = FUEL;
  fresh.enablePyCompat();
  for (const [name, filter] of Object.entries(filters))
    fresh.addFilter(name, guarded(`the filter ${name}`, filter, argumentNames[name]));
  for (const [name, test] of Object.entries(tests))
    fresh.addTest(name, guarded(`the test ${name}`, test, argumentNames[name]));
  fresh.addFilter(
    PRINT,
    guarded('', (value) => (value === null ? '' : pythonText(value))),
  );
  fresh.addFilter(PRINT_PERHAPS, (value: unknown) =>
    value === null || value === undefined ? '' : pythonText(plain(value)),
  );
  for (const [name, look] of Object.entries(lookups)) {
    const named = ['default', 'wantlist'];
    fresh.addGlobal(
      name,
      guarded(name, (kind, args) => look(String(kind), args, filtered), named),
    );
  }
  return fresh;
}

/** `names`: what it may be told by name; the engine hands those over as one mapping, after all else. */
function guarded(what: string, filter: Filter, names: readonly string[] = []): (...given: unknown[]) => unknown {
  return (value, ...rest) => {
    try {
      if (value === undefined && !filtered.isComplete) throw new Error(`undefined value${placeIn(what, rest)}`);
      const last = rest.at(-1);
      const areNames =
        last instanceof Map && last.size > 0 && [...last.keys()].every((name) => names.includes(String(name)));
      const at = (areNames ? rest.slice(0, -1) : rest).map(plain);
      const named = areNames ? (plain(last) as Context) : {};
      return filter(plain(value) ?? null, { at, named });
    } catch (error) {
      filtered.problem ??= error instanceof FilterProblem ? new Error(`${what}: ${error.message}`) : (error as Error);
      return '';
    }
  };
}

/** As the engine itself tells places; only the printer of a file knows its own. */
function placeIn(what: string, [line]: readonly unknown[]): string {
  return what === '' && typeof line === 'number' ? ` (in <file>:${line})` : '';
}

/** The engine gives mappings as Map, and integers that were computed as bigint. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item) ?? null]));
  }
  return value;
}
