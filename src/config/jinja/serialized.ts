import { readDocument } from '../document.ts';
import { pythonText } from '../inventory/python-text.ts';
import { yamlTagsFor } from '../inventory/yaml-tags.ts';
import { isMapping, isMarked } from '../values.ts';
import { Vault } from '../vault.ts';
import { attempt, type Filter, type FilterArguments, isTrue, sortedDeep, text } from './arguments.ts';

/** JSON and YAML as Python writes them, whatever is too long for a line on one. */
export const serializingFilters: Readonly<Record<string, Filter>> = {
  to_json: (value, { named }) => jsonOf(isTrue(named['sort_keys']) ? sortedDeep(value) : value, named),
  to_nice_json: (value, { named }) => jsonOf(sortedDeep(value), { indent: 4, ...named }),
  from_json: (value) => attempt('is no JSON', () => JSON.parse(text(value)) as unknown),
  to_yaml: (value, { named }) => yamlOf(sortedDeep(value), { indent: Number(named['indent'] ?? 2), isFlat: true }),
  to_nice_yaml: (value, { named }) =>
    yamlOf(sortedDeep(value), { indent: Number(named['indent'] ?? 4), isFlat: false }),
  from_yaml: (value) => (typeof value === 'string' ? fromYaml(value) : value),
};

const json = ['indent', 'sort_keys', 'ensure_ascii'];
const yaml = ['indent', 'sort_keys', 'width'];

export const serializingNames = { to_json: json, to_nice_json: json, to_yaml: yaml, to_nice_yaml: yaml };

function jsonOf(value: unknown, { indent, ensure_ascii: isAscii = true }: FilterArguments['named']): string {
  const written =
    indent === undefined || indent === null ? onOneLine(value) : JSON.stringify(value, null, Number(indent));
  return isTrue(isAscii) ? written.replace(/[\u0080-\uffff]/g, escaped) : written;
}

function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (!isMapping(value)) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${onOneLine(item)}`);
  return `{${entries.join(', ')}}`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** As an inventory is read: nothing may be written twice in one mapping. */
function fromYaml(written: string): unknown {
  return attempt('is no YAML, or has a key twice', () => {
    const { value } = readDocument('', written);
    if (holdsMarked(value)) throw new TypeError('there are no tags here');
    return value;
  });
}

function holdsMarked(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isMarked(value) || Object.values(value).some(holdsMarked);
}

interface YamlStyle {
  readonly indent: number;
  /** A list or a mapping that holds neither stands on one line, in brackets. */
  readonly isFlat: boolean;
}

function yamlOf(value: unknown, style: YamlStyle): string {
  return `${yamlLines(value, style).join('\n')}\n`;
}

function yamlLines(value: unknown, style: YamlStyle): readonly string[] {
  const { indent } = style;
  if (isInBrackets(value, style)) return [inBrackets(value, false)];
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const [first = '', ...more] = yamlLines(item, style);
      const gap = ' '.repeat(isInBrackets(item, style) ? 1 : indent - 1);
      return [`-${gap}${first}`, ...more.map((line) => ' '.repeat(indent) + line)];
    });
  }
  return Object.entries(value as object).flatMap(([key, item]: [string, unknown]) => {
    const lines = yamlLines(item, style);
    const name = `${scalar(key, false)}:`;
    if (isInBrackets(item, style)) return [`${name} ${lines[0] ?? ''}`];
    return [name, ...(Array.isArray(item) ? lines : lines.map((line) => ' '.repeat(indent) + line))];
  });
}

function isInBrackets(value: unknown, { isFlat }: YamlStyle): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const items: readonly unknown[] = Object.values(value);
  return items.length === 0 || (isFlat && items.every((item) => typeof item !== 'object' || item === null));
}

/** A scalar, or a list or mapping on one line; `isWithin`: there are brackets around it. */
function inBrackets(value: unknown, isWithin: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => inBrackets(item, true)).join(', ')}]`;
  if (isMapping(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${scalar(key, true)}: ${inBrackets(item, true)}`);
    return `{${entries.join(', ')}}`;
  }
  return scalar(value, isWithin);
}

function scalar(value: unknown, isWithin: boolean): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return pythonText(value);
  if (!/^[\x20-\x7e\x85\xa0-\ufefe\uff00-\ufffd]*$/.test(value)) return JSON.stringify(value);
  return isPlain(value, isWithin) ? value : `'${value.replaceAll("'", "''")}'`;
}

/** That it may stand without quotation marks, and is a text to whoever reads it by YAML 1.1. */
function isPlain(value: string, isWithin: boolean): boolean {
  if (/^(?:$|[\s#,[\]{}&*!|>'"%@`]|[-?:](?:\s|$)|---|\.\.\.)|:(?:\s|$)|\s#|\s$/.test(value)) return false;
  if (isWithin && /[,?[\]{}:]/.test(value)) return false;
  return !otherThanText.some((test) => test.test(value));
}

const otherThanText: readonly RegExp[] = [
  /^(?:=|<<|\d{4}-\d\d?-\d\d?(?:[Tt\s].*)?)$/,
  ...yamlTagsFor(new Vault(), false).flatMap((tag) =>
    typeof tag === 'object' && 'test' in tag ? [tag.test ?? /(?!)/] : [],
  ),
];
