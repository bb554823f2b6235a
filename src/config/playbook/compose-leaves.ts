import { each, type Leaf, Misfit } from './field.ts';
import { text } from './leaves.ts';

export const composePaths: Leaf<readonly string[]> = {
  says: 'a file, or a list of files',
  item: 'a file',
  parse: (value) => {
    const read = each<unknown, string>(Array.isArray(value) ? value : [value], text.parse);
    if (read.length === 0) return new Misfit('at least one');
    return Array.isArray(value) || typeof read[0] === 'string' ? read : new Misfit();
  },
};
