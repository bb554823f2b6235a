import { isMapping } from '../values.ts';

/** A filter cannot do its work; the message says why. */
export class FilterProblem extends Error {
  override readonly name = 'FilterProblem';
}

/** What follows the value: positional arguments, then those with a name. */
export interface FilterArguments {
  readonly at: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

export type Filter = (value: unknown, args: FilterArguments) => unknown;

export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw new FilterProblem(
    `it takes a text, not ${value === null || value === undefined ? 'none' : 'a list or a mapping'}`,
  );
}

export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new FilterProblem('it takes a list');
}

export function mapping(value: unknown): Readonly<Record<string, unknown>> {
  if (isMapping(value)) return value;
  throw new FilterProblem('it takes a mapping');
}

export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isMapping(value) ? Object.keys(value).length > 0 : Boolean(value);
}

export function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new FilterProblem(`its value ${what}`);
  }
}

export function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortedDeep(item)]));
}
