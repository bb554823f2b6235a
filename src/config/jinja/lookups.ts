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
}

type Lookup = (kind: string, args: FilterArguments, looking: Looking) => unknown;

/** `lookup('env', 'HOME')` and `lookup('file', 'path')`; `query` gives a list. */
export const lookups: Readonly<Record<string, Lookup>> = {
  lookup: (kind, args, looking) => {
    const found = foundBy(kind, args, looking);
    if (isTrue(args.named['wantlist'])) return found;
    return found.length === 1 ? found[0] : found.join(',');
  },
  query: foundBy,
  q: foundBy,
};

function foundBy(kind: string, { at, named }: FilterArguments, { folder, onLooked }: Looking): readonly unknown[] {
  if (at.length === 0) throw new FilterProblem('it takes a name');
  const told = (names: readonly string[], value: unknown): unknown => {
    for (const name of names) onLooked?.(name, value);
    return value;
  };
  return at.map((name) => {
    if (typeof name !== 'string') throw new FilterProblem('it takes names');
    if (kind === 'env') return told([name], process.env[name] ?? named['default'] ?? '');
    if (kind === 'file') return told(namesOfFile(name), textIn(name, folder));
    throw new FilterProblem(`there is no "${kind}" here, only env and file`);
  });
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
