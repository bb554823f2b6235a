import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { Complaints } from '../document.ts';
import { type FilterArguments, FilterProblem, isTrue } from './arguments.ts';
import { textOf } from '../reading.ts';

export interface Looking {
  /** Where files are, or in `files/` there: where the playbook is. */
  readonly folder: string;
  /** Hears what was found, under each name that may tell what it is. */
  readonly onLooked?: ((name: string, value: unknown) => void) | undefined;
  /** Those that were asked for; undefined if there is none of that name. */
  readonly variables?: ReadonlyMap<string, unknown> | undefined;
}

/** A template asks for a variable by a name that it has worked out. */
export class WantedVariable extends Error {
  override readonly name = 'WantedVariable';
  readonly variable: string;

  constructor(variable: string) {
    super(`wants ${variable}`);
    this.variable = variable;
  }
}

type Lookup = (kind: string, args: FilterArguments, looking: Looking) => unknown;

/** `lookup('env', 'HOME')`, `lookup('file', 'path')` and `lookup('vars', 'port')`; `query` gives a list. */
export const lookups: Readonly<Record<string, Lookup>> = {
  lookup: (kind, args, looking) => {
    const found = foundBy(kind, args, looking);
    if (isTrue(args.named['wantlist'])) return found;
    if (found.length === 1) return found[0];
    return found.every((it) => typeof it === 'string') ? found.join(',') : found;
  },
  query: foundBy,
  q: foundBy,
};

function foundBy(kind: string, { at, named }: FilterArguments, looking: Looking): readonly unknown[] {
  const { folder, onLooked } = looking;
  if (at.length === 0) throw new FilterProblem('it takes a name');
  const told = (names: readonly string[], value: unknown): unknown => {
    for (const name of names) onLooked?.(name, value);
    return value;
  };
  return at.map((name) => {
    if (typeof name !== 'string') throw new FilterProblem('it takes names');
    if (kind === 'env') return told([name], process.env[name] ?? named['default'] ?? '');
    if (kind === 'file') return told(namesOfFile(name), textIn(name, folder));
    if (kind === 'vars') return variableOf(name, named, looking);
    throw new FilterProblem(`there is no "${kind}" here, only env, file and vars`);
  });
}

/** @throws WantedVariable if it has not been asked for before: no template is rendered while another is */
function variableOf(name: string, named: FilterArguments['named'], { variables }: Looking): unknown {
  if (!variables?.has(name)) throw new WantedVariable(name);
  const value = variables.get(name);
  if (value !== undefined) return value;
  const { default: otherwise } = named;
  if (otherwise !== undefined && otherwise !== null) return otherwise;
  throw new FilterProblem(`the variable ${name} is not defined`);
}

function textIn(name: string, folder: string): string {
  try {
    return textOf(pathOf(name, folder)).trimEnd();
  } catch (error) {
    if (error instanceof Complaints) throw new FilterProblem(error.message);
    throw new FilterProblem(`cannot read ${name}: ${reasonOf(error)}`);
  }
}

function pathOf(name: string, folder: string): string {
  if (isAbsolute(name)) return name;
  if (name.startsWith('~/')) return join(homedir(), name.slice(2));
  const folders = [join(folder, 'files'), folder];
  const found = folders.map((it) => join(it, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`it is neither in ${folders.join(' nor in ')}`);
  return found;
}

/** `/run/secrets/db_password.txt` is called by each of its folders, and by its own name without the ending. */
function namesOfFile(path: string): readonly string[] {
  return path.split('/').map((step) => step.replace(/(?<=.)\.\w+$/, ''));
}
