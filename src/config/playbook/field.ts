import { z } from 'zod';
import { isMapping } from '../values.ts';

/** Stands for a value that is not known: a template before it is rendered, or one that could not be. */
export const unrendered = Symbol('unrendered');

/** A value that a leaf does not take; the hint says what to write instead where that is not plain. */
export class Misfit {
  readonly hint: string;
  /** Where in the leaf, when it is a list or a mapping. */
  readonly path: readonly (string | number)[];

  constructor(hint = '', path: readonly (string | number)[] = []) {
    this.hint = hint;
    this.path = path;
  }
}

/** Reads one value. `says` completes the sentences "should be …" of the errors and the table of the reference. */
export interface Leaf<T> {
  readonly says: string;
  /** The same for one item, when the leaf is a list or a mapping. */
  readonly item?: string;
  /** Its texts may be secrets: what is wrong with one is told without it. */
  readonly isSecret?: true;
  readonly parse: (value: unknown) => T | Misfit | readonly Misfit[];
}

/** What the reference says of a key. */
export interface FieldNote {
  readonly description: string;
  /** As it would be written in a playbook. */
  readonly default?: string;
  /** In words, where no written value says the same. */
  readonly otherwise?: string;
  readonly required?: true;
}

export type FieldMeta = FieldNote & {
  readonly says?: string;
  /** Of a mapping: keys that are known to others, and why they are refused. */
  readonly unsupported?: Readonly<Record<string, string>>;
};

/** One key of a mapping that may be left out. */
export function field<T>(leaf: Leaf<T>, note: FieldNote): z.ZodOptional<z.ZodType<T>> {
  return leafSchema(leaf)
    .optional()
    .meta({ ...note, says: leaf.says });
}

/** One key of a mapping that must be there. */
export function requiredField<T>(leaf: Leaf<T>, note: FieldNote): z.ZodType<T> {
  return leafSchema(leaf).meta({ ...note, says: leaf.says, required: true });
}

function leafSchema<T>(leaf: Leaf<T>): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    if (value === unrendered) return z.NEVER;
    const result = value === undefined ? new Misfit() : leaf.parse(value);
    const misfits = misfitsIn(result).filter(({ path }) => isKnown(value, path));
    if (misfits.length === 0) return result as T;
    for (const { hint, path } of misfits) {
      const says = path.length === 0 ? leaf.says : (leaf.item ?? leaf.says);
      const message = sentenceOf({ says, isSecret: leaf.isSecret }, valueAt(value, path), hint);
      context.issues.push({ code: 'custom', message, input: value, path: [...path] });
    }
    return z.NEVER;
  });
}

/** Nothing can be said of a template, nor of a list or a mapping as a whole while one is in it. */
function isKnown(value: unknown, path: Misfit['path']): boolean {
  return !holdsTemplate(valueAt(value, path));
}

function holdsTemplate(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === unrendered;
  return Object.values(value).some(holdsTemplate);
}

function misfitsIn(result: unknown): readonly Misfit[] {
  if (result instanceof Misfit) return [result];
  if (!Array.isArray(result)) return [];
  return result.filter((it): it is Misfit => it instanceof Misfit);
}

function sentenceOf(
  { says, isSecret }: Pick<Leaf<unknown>, 'says'> & { readonly isSecret: true | undefined },
  value: unknown,
  hint: string,
): string {
  if (value === undefined) return 'is required';
  const is = isSecret && typeof value === 'string' ? 'a text that is not shown here' : shown(value);
  return `should be ${says}, is ${is}${hint === '' ? '' : ` (${hint})`}`;
}

const LONGEST_SHOWN = 60;

/** A value of a playbook in an error, on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'left out';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isMapping(value)) return 'a mapping';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A text, or a number as text; empty for anything else, whatever it holds. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

/** Undefined where the path leads nowhere. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, step) => {
    if (Array.isArray(at)) return typeof step === 'number' ? (at[step] as unknown) : undefined;
    return isMapping(at) && Object.hasOwn(at, step) ? at[String(step)] : undefined;
  }, value);
}

/** The results of reading each of `items`, or everything that is wrong with them. */
export function each<T, R>(
  items: readonly T[],
  read: (item: T) => R | Misfit | readonly Misfit[],
  stepOf: (item: T, index: number) => string | number = (_item, index) => index,
): R[] | readonly Misfit[] {
  const results: R[] = [];
  const misfits: Misfit[] = [];
  for (const [index, item] of items.entries()) {
    const result = read(item);
    const wrong = misfitsIn(result);
    misfits.push(...wrong.map(({ hint, path }) => new Misfit(hint, [stepOf(item, index), ...path])));
    if (wrong.length === 0) results.push(result as R);
  }
  return misfits.length > 0 ? misfits : results;
}
