import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { folderWith } from './command-line.ts';
import { edited, type Change } from './edited.ts';

/** A file, such as an example, with the first of each of these texts replaced: the path of the copy. */
export function changedCopy(path: string, changes: readonly Change[]): string {
  return join(folderWith({ [basename(path)]: edited(readFileSync(path, 'utf8'), changes) }), basename(path));
}
