import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit } from './field.ts';
import { boolean, text } from './leaves.ts';

/** A file of variables, or of labels, on the controller. */
export interface EnvFile {
  readonly path: string;
  readonly required: boolean;
  /** Taken as it is written, without quotes and `$`. */
  readonly isRaw: boolean;
}

export const envFiles: Leaf<readonly EnvFile[]> = {
  says: 'a file, or a list of files',
  item: 'a file, or a mapping of path, required and format',
  parse: (value) => {
    const read = each<unknown, EnvFile>(Array.isArray(value) ? value : [value], envFile);
    const [first] = read;
    return Array.isArray(value) || !(first instanceof Misfit) ? read : new Misfit(first.hint);
  },
};

function envFile(value: unknown): EnvFile | Misfit {
  if (!isMapping(value)) {
    const path = text.parse(value);
    return typeof path === 'string' ? { path, required: true, isRaw: false } : new Misfit();
  }
  const unknown = Object.keys(value).find((key) => !['path', 'required', 'format'].includes(key));
  if (unknown !== undefined) return new Misfit(`"${unknown}" is no known key of it`);
  const path = text.parse(value['path']);
  const required = boolean.parse(value['required'] ?? true);
  const format = value['format'];
  if (typeof path !== 'string') return new Misfit('its path is a text');
  if (typeof required !== 'boolean') return new Misfit('required is true or false');
  if (format !== undefined && format !== 'raw') return new Misfit('the only other format is raw');
  return { path, required, isRaw: format === 'raw' };
}
