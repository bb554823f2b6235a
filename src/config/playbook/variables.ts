import type { Vars } from '../inventory/inventory.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit } from './field.ts';

const NAME = /^[A-Za-z_]\w*$/;

export const variables: Leaf<Vars> = {
  says: 'a mapping of names to values',
  parse: (value) => {
    if (!isMapping(value)) return new Misfit();
    const names = each<string, string>(
      Object.keys(value),
      (name) => (NAME.test(name) ? name : new Misfit(`"${name}" is no name for a variable`)),
      (name) => name,
    );
    return names.some((it) => it instanceof Misfit) ? (names as readonly Misfit[]) : value;
  },
};
