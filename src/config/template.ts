import { reasonOf } from '../errors.ts';
import type { Vars } from './inventory/inventory.ts';
import { printable } from './inventory/ranges.ts';
import { openChainsIn } from './jinja/chains.ts';
import { isLeftAsText, literalOf } from './jinja/literal.ts';
import { renderedFile, type Rendering } from './jinja/engine.ts';
import { unrendered, valueAt } from './playbook/field.ts';
import { derivedSecrets } from './derived-secrets.ts';
import type { Secrets } from '../rollout/secret.ts';
import { WantedVariable } from './jinja/lookups.ts';
import { namesIn, type Reference } from './playbook/template-names.ts';
import { evaluated, soleExpression } from './template-value.ts';
import { isMapping, isMarked, type Marked, VaultText } from './values.ts';
import { VaultProblem } from './vault.ts';

export type TemplatePath = readonly (string | number)[];

/** Hears what is wrong with the template at `path`. */
export type Complain = (path: TemplatePath, message: string) => void;

export function hasTemplate(value: string): boolean {
  return /\{[{%#]/.test(value);
}

/**
 * Renders every text in `value`, as deep as it goes, the way Ansible does: what a variable holds is rendered too, and
 * a text that is nothing but one `{{ expression }}` becomes the expression's value, not its text. A name that is not
 * defined is an error. Keys of mappings are left alone. What could not be rendered is `unrendered`.
 */
export function render(value: unknown, vars: Vars | Scope, complain: Complain): unknown {
  const scope = vars instanceof Scope ? vars : new Scope(vars);
  const rendered = renderAt(value, scope, (template) => scope.render(template), { path: [], complain });
  if (rendered !== OMIT) return rendered;
  complain([], OMIT_ALONE);
  return unrendered;
}

/** The same of what is, or is part of, a variable: Ansible makes a list of a text that looks like one. */
export function renderVariable(value: unknown, scope: Scope, complain: Complain): unknown {
  return renderAt(value, scope, (template) => scope.renderVariable(template), { path: [], complain });
}

/** What `omit` is: a key that has it is left out. */
const OMIT = '__omit_place_holder__';

const OMIT_ALONE = '"omit" leaves out a key whose value is nothing else, such as "{{ x | default(omit) }}"';

interface Spot {
  readonly path: TemplatePath;
  readonly complain: Complain;
}

function renderAt(value: unknown, scope: Scope, renderText: (template: string) => unknown, place: Spot): unknown {
  const inside = (step: string | number, item: unknown): unknown =>
    renderAt(item, scope, renderText, { ...place, path: [...place.path, step] });
  if (Array.isArray(value)) return value.map((item: unknown, index) => itemOf(inside(index, item), index, place));
  if (isMapping(value)) {
    const entries = Object.entries(value).map(([key, item]) => [key, inside(key, item)] as const);
    return Object.fromEntries(entries.filter(([, item]) => item !== OMIT));
  }
  if (!isMarked(value) && (typeof value !== 'string' || !hasTemplate(value))) return value;
  try {
    return isMarked(value) ? plainOf(value) : renderText(value);
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error;
    place.complain(place.path, error.message);
    return unrendered;
  }
}

function itemOf(item: unknown, index: number, { path, complain }: Spot): unknown {
  if (item !== OMIT) return item;
  complain([...path, index], OMIT_ALONE);
  return unrendered;
}

/** @throws TemplateProblem if it is encrypted, and cannot be decrypted */
function plainOf(value: Marked): string {
  if (!(value instanceof VaultText)) return value.text;
  try {
    return value.open();
  } catch (error) {
    if (!(error instanceof VaultProblem)) throw error;
    throw new TemplateProblem(`is encrypted with Ansible Vault, but ${error.message}`);
  }
}

/** In characters: variables that double one another come to more than any machine has. */
const LONGEST = 10 * 1024 * 1024;

class TemplateProblem extends Error {
  override readonly name = 'TemplateProblem';
}

export interface ScopeOptions {
  /** Where a variable was written, such as `hosts.ini:3`. */
  readonly whereOf?: ((variable: string) => string | undefined) | undefined;
  /** Variables that are made only if they are asked for; the others are stronger. */
  readonly made?: Readonly<Record<string, (references: readonly Reference[]) => unknown>>;
  /** Gets what is read under the name of a secret, and what is made of one and does not look like it any more. */
  readonly secrets?: Secrets | undefined;
  /** Where the playbook is, and so what `lookup` reads; the working folder for commands without one. */
  readonly folder?: string | undefined;
}

/** Variables whose values are rendered when they are first asked for, and then kept. */
export class Scope {
  readonly #vars: Vars;
  readonly #options: ScopeOptions;
  readonly #rendered = new Map<string, unknown>();
  /** Names of those that are texts whatever they look like. */
  readonly #texts = new Set<string>();
  readonly #within: string[] = [];

  constructor(vars: Vars, options: ScopeOptions = {}) {
    this.#vars = vars;
    this.#options = options;
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
      const written = this.#vars[name];
      const value = renderVariable(written, this, note);
      if (typeof written === 'string' && this.#isLeftAsText(written)) this.#texts.add(name);
      if (problems[0] !== undefined) throw new TemplateProblem(problems[0]);
      this.#rendered.set(name, value);
      this.#options.secrets?.addNamed(name, value);
      return value;
    } finally {
      this.#within.pop();
    }
  }

  /** The same as the value of a variable, which a text that looks like a list becomes. */
  renderVariable(template: string): unknown {
    const value = this.render(template);
    return typeof value === 'string' && !this.#isLeftAsText(template) ? literalOf(value) : value;
  }

  #isLeftAsText(template: string): boolean {
    const expression = soleExpression(template);
    return expression !== undefined && (isLeftAsText(expression) || this.#texts.has(expression.trim()));
  }

  render(template: string): unknown {
    const { all, needed } = namesIn(template);
    const context = this.#contextOf(all);
    const lost = needed.filter((reference) => isMissing(context, reference));
    const missing = lost.length > 0 ? requiredOf(lost, template) : undefined;
    if (missing) throw this.#undefinedName(missing, template);
    try {
      const isComplete = all.every((reference) => !isMissing(context, reference));
      const rendering = this.#rendering(context, isComplete);
      const value = this.#lookingUp((variables) => {
        const found = evaluated(template, { ...rendering, variables });
        rendering.looked.push(...variables.values());
        return found;
      });
      if (typeof value === 'string' && value !== OMIT && value.includes(OMIT)) throw new Error(OMIT_ALONE);
      if (typeof value === 'string' && value.length > LONGEST) throw new Error('it becomes a text of more than 10 MB');
      // All of all hosts is not what is used of it.
      const named = all.filter(([name, ...path]) => name !== 'hostvars' || path.length > 1);
      const used = [...named.map((reference) => valueAt(context, reference)), ...rendering.looked];
      this.#noteSecrets(value, template, used);
      return value;
    } catch (error) {
      if (error instanceof TemplateProblem) throw error;
      const message = reasonOf(error).split('\n', 1)[0] ?? '';
      const culprit = message.startsWith('undefined value') && all.find((reference) => isMissing(context, reference));
      if (culprit) throw this.#undefinedName(culprit, template);
      const reason = message.replace(/ \(in <\w+>:\d+\)$/, '');
      throw new TemplateProblem(`cannot render "${printable(template)}": ${reason}${this.#where(undefined)}`);
    }
  }

  /** @returns what a file becomes that is a template, or what is wrong in it */
  renderFile(template: string): string | FileProblem {
    const { all } = namesIn(template);
    try {
      const context = this.#contextOf(all);
      try {
        const isComplete = all.every((reference) => !isMissing(context, reference));
        const rendering = this.#rendering(context, isComplete);
        const text = this.#lookingUp((variables) => renderedFile(template, { ...rendering, variables }));
        return text.length > LONGEST ? { line: 1, message: 'it becomes a text of more than 10 MB' } : text;
      } catch (error) {
        if (error instanceof TemplateProblem) throw error;
        return fileProblem(reasonOf(error), { template, missing: all.filter((it) => isMissing(context, it)) });
      }
    } catch (error) {
      if (!(error instanceof TemplateProblem)) throw error;
      return { line: 1, message: error.message };
    }
  }

  #rendering(context: Vars, isComplete: boolean): Rendering & { readonly looked: unknown[] } {
    const { secrets, folder = '.' } = this.#options;
    const looked: unknown[] = [];
    const onLooked = (name: string, value: unknown): void => {
      secrets?.addNamed(name, value);
      looked.push(value);
    };
    return { context, isComplete, folder, onLooked, looked };
  }

  /** Runs it again with each variable that it turns out to want. */
  #lookingUp<T>(run: (variables: ReadonlyMap<string, unknown>) => T): T {
    const variables = new Map<string, unknown>();
    for (;;) {
      try {
        return run(variables);
      } catch (error) {
        if (!(error instanceof WantedVariable)) throw error;
        variables.set(error.variable, this.#contextOf([[error.variable]])[error.variable]);
      }
    }
  }

  #contextOf(references: readonly Reference[]): Record<string, unknown> {
    const context: Record<string, unknown> = {};
    for (const [name] of references) {
      const make = this.#options.made?.[name];
      if (this.has(name)) context[name] = this.value(name);
      else if (make !== undefined) context[name] = make(references.filter((it) => it[0] === name));
      else if (name === 'omit') context[name] = OMIT;
    }
    return context;
  }

  #noteSecrets(value: unknown, template: string, used: readonly unknown[]): void {
    const { secrets } = this.#options;
    if (secrets === undefined) return;
    for (const text of derivedSecrets(value, { template, used }, secrets)) secrets.add(text);
  }

  #undefinedName(reference: Reference, template: string): TemplateProblem {
    return new TemplateProblem(`the variable ${reference.join('.')} is not defined${this.#where(template)}`);
  }

  /** The variable that is being rendered, and where it was written. */
  #where(template: string | undefined): string {
    const variable = this.#within.at(-1);
    if (variable === undefined) return '';
    const where = this.#options.whereOf?.(variable);
    const at = where === undefined ? '' : `, ${where}`;
    return ` (in the variable ${variable}${at}${template === undefined ? '' : `: "${printable(template)}"`})`;
  }
}

/** What is wrong with a file that is a template. */
export interface FileProblem {
  readonly line: number;
  readonly message: string;
}

interface Failed {
  readonly template: string;
  readonly missing: readonly Reference[];
}

/** The engine tells lines, and of what is not defined only that it is not. */
function fileProblem(reason: string, { template, missing }: Failed): FileProblem {
  const [first = ''] = reason.split('\n', 1);
  const line = Number(/ \(in <\w+>:(\d+)\)$/.exec(first)?.[1] ?? 1);
  const message = first.replace(/ \(in <\w+>:\d+\)$/, '');
  if (!message.startsWith('undefined value')) return { line, message };
  const written = template.split('\n')[line - 1] ?? '';
  const culprit = missing.find((reference) => written.includes(reference.join('.'))) ?? missing[0];
  const what = culprit ? `the variable ${culprit.join('.')} is not defined` : `not defined: ${written.trim()}`;
  return { line, message: what };
}

/** The first that is not asked for with `default` or `is defined`, nor what something so asked for is an attribute of. */
function requiredOf(references: readonly Reference[], template: string): Reference | undefined {
  const open = openChainsIn(template);
  return references.find((reference) => !open.has(reference.join('.')));
}

/** Methods of texts and mappings are no attributes, and what an item of a list may hold is left to the engine. */
function isMissing(context: Vars, reference: Reference): boolean {
  const known = reference.findIndex((_, index) => !isMapping(valueAt(context, reference.slice(0, index))));
  const depth = known === -1 ? reference.length : known;
  return valueAt(context, reference.slice(0, depth)) === undefined;
}
