import { createRequire } from 'node:module';
import type { Environment as MiniJinja } from 'minijinja-js';
import { reasonOf } from '../errors.ts';
import type { Vars } from './inventory/inventory.ts';
import { isMapping, unrendered, valueAt } from './playbook/field.ts';
import { namesIn, type Reference } from './playbook/template-names.ts';

export type TemplatePath = readonly (string | number)[];

/** Hears what is wrong with the template at `path`. */
export type Complain = (path: TemplatePath, message: string) => void;

export function hasTemplate(value: string): boolean {
  return value.includes('{{') || value.includes('{%');
}

/**
 * Renders every text in `value`, as deep as it goes, the way Ansible does: what a variable holds is rendered too, and
 * a text that is nothing but one `{{ expression }}` becomes the expression's value, not its text. A name that is not
 * defined is an error. Keys of mappings are left alone. What could not be rendered is `unrendered`.
 *
 * The language is MiniJinja's, which differs from Jinja2 in printing `true`, `false` and `none` in lower case.
 */
export function render(value: unknown, vars: Vars | Scope, complain: Complain): unknown {
  const scope = vars instanceof Scope ? vars : new Scope(vars);
  return renderAt(value, scope, (template) => scope.render(template), { path: [], complain });
}

interface Place {
  readonly path: TemplatePath;
  readonly complain: Complain;
}

function renderAt(value: unknown, scope: Scope, renderText: (template: string) => unknown, place: Place): unknown {
  const inside = (step: string | number, item: unknown): unknown =>
    renderAt(item, scope, renderText, { ...place, path: [...place.path, step] });
  if (Array.isArray(value)) return value.map((item: unknown, index) => inside(index, item));
  if (isMapping(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(key, item)]));
  if (typeof value !== 'string' || !hasTemplate(value)) return value;
  try {
    return renderText(value);
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error;
    place.complain(place.path, error.message);
    return unrendered;
  }
}

class TemplateProblem extends Error {
  override readonly name = 'TemplateProblem';
}

/** Variables whose values are rendered when they are first asked for, and then kept. */
export class Scope {
  readonly #vars: Vars;
  readonly #rendered = new Map<string, unknown>();
  readonly #within: string[] = [];

  constructor(vars: Vars) {
    this.#vars = vars;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#vars, name);
  }

  value(name: string): unknown {
    if (this.#rendered.has(name)) return this.#rendered.get(name);
    if (this.#within.includes(name)) {
      throw new TemplateProblem(`${name} refers to itself: ${[...this.#within, name].join(' → ')}`);
    }
    this.#within.push(name);
    try {
      const problems: string[] = [];
      const note: Complain = (_path, message) => problems.push(message);
      const value = renderAt(this.#vars[name], this, (template) => this.render(template), { path: [], complain: note });
      if (problems[0] !== undefined) throw new TemplateProblem(problems[0]);
      this.#rendered.set(name, value);
      return value;
    } finally {
      this.#within.pop();
    }
  }

  render(template: string): unknown {
    const { all, needed } = namesIn(template);
    const context: Record<string, unknown> = {};
    for (const [name] of all) if (this.has(name)) context[name] = this.value(name);
    const missing = needed.find((reference) => isMissing(context, reference));
    if (missing) throw undefinedName(missing, template, this.#within);
    try {
      return evaluated(template, context);
    } catch (error) {
      const message = reasonOf(error).split('\n', 1)[0] ?? '';
      const culprit = message.startsWith('undefined value') && all.find((reference) => isMissing(context, reference));
      if (culprit) throw undefinedName(culprit, template, this.#within);
      const reason = message.replace(/ \(in <\w+>:\d+\)$/, '');
      throw new TemplateProblem(`cannot render ${JSON.stringify(template)}: ${reason}`);
    }
  }
}

function undefinedName(reference: Reference, template: string, within: readonly string[]): TemplateProblem {
  const variable = within.at(-1);
  const where = variable === undefined ? '' : ` (in the variable ${variable}: ${JSON.stringify(template)})`;
  return new TemplateProblem(`the variable ${reference.join('.')} is not defined${where}`);
}

/** Methods of texts and mappings are no attributes, and what an item of a list may hold is left to the engine. */
function isMissing(context: Vars, reference: Reference): boolean {
  const known = reference.findIndex((_, index) => !isMapping(valueAt(context, reference.slice(0, index))));
  const depth = known === -1 ? reference.length : known;
  return valueAt(context, reference.slice(0, depth)) === undefined;
}

const MOST_REMEMBERED = 10_000;
const remembered = new Map<string, unknown>();

/** Hosts differ little: most templates of a fleet are rendered with the same few values again and again. */
function evaluated(template: string, context: Vars): unknown {
  if (!Object.values(context).every(isSimple)) return evaluatedAnew(template, context);
  const key = JSON.stringify([template, context]);
  if (remembered.has(key)) return remembered.get(key);
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  const value = evaluatedAnew(template, context);
  remembered.set(key, value);
  return value;
}

function isSimple(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function evaluatedAnew(template: string, context: Vars): unknown {
  const expression = soleExpression(template);
  if (expression === undefined) return withEngine((engine) => engine.renderStr(template, context));
  const value = withEngine((engine) => engine.evalExpr(expression, context) as unknown);
  if (value !== undefined && value !== null) return plain(value);
  // Both none and what is not defined are undefined here; rendering as text refuses the latter.
  withEngine((engine) => engine.renderStr(template, context));
  return null;
}

/** `x` of `{{ x }}`; undefined if there is anything else. */
function soleExpression(template: string): string | undefined {
  const inner = /^\{\{-?([\s\S]*?)-?\}\}$/.exec(template.trim())?.[1];
  return inner === undefined || !isBalanced(inner) ? undefined : inner;
}

/** The engine panics at an expression that closes what it did not open, so none is given to it. */
function isBalanced(expression: string): boolean {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '');
  let open = 0;
  for (const bracket of bare.match(/[()[\]{}"'#%]/g) ?? []) {
    if ('([{'.includes(bracket)) open += 1;
    else if (')]}'.includes(bracket)) open -= 1;
    else if (bracket !== '%') return false;
    if (open < 0) return false;
  }
  return open === 0 && expression.trim() !== '' && !/%\}|\{%/.test(bare);
}

/** The engine gives mappings as Map, and integers that were computed as bigint. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  return value;
}

/** Enough for any name or address; a template that loops for ever ends in "ran out of fuel". */
const FUEL = 1_000_000;

let engine: MiniJinja | undefined;

function withEngine<T>(run: (engine: MiniJinja) => T): T {
  engine ??= newEngine();
  try {
    return run(engine);
  } catch (error) {
    // After a panic every further call fails too.
    if ((error instanceof Error && error.name === 'RuntimeError') || reasonOf(error).includes('unsafe aliasing'))
      engine = undefined;
    throw error;
  }
}

/** Loaded when the first template is met: a megabyte of WebAssembly that most commands do without. */
function newEngine(): MiniJinja {
  const { Environment } = createRequire(import.meta.url)('minijinja-js') as typeof import('minijinja-js');
  const fresh = new Environment();
  fresh.undefinedBehavior = 'strict';
  fresh.keepTrailingNewline = true;
  fresh.fuel = FUEL;
  fresh.enablePyCompat();
  return fresh;
}
