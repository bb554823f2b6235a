import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { folderWith } from './command-line.ts';

export type Change = readonly [found: string, by: string];

/** A file, such as an example, with the first of each of these texts replaced: the path of the copy. */
export function changedCopy(path: string, changes: readonly Change[]): string {
  const text = changes.reduce(
    (before, [found, by]) => {
      if (!before.includes(found)) throw new Error(`${path} has no "${found}"`);
      return before.replace(found, () => by);
    },
    readFileSync(path, 'utf8'),
  );
  return join(folderWith({ [basename(path)]: text }), basename(path));
}
