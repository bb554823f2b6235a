import { Failure, reasonOf } from '../../errors.ts';
import { Complaints, readDocument } from '../document.ts';
import { placeText, type Vars } from '../inventory/inventory.ts';
import { Vault } from '../vault.ts';
import { Misfit } from './field.ts';
import { splitWords } from './shell-words.ts';
import { variables } from './variables.ts';

export interface ExtraVars {
  readonly vars: Vars;
  /** Where the variable that counts was written. */
  readonly whereOf: (variable: string) => string | undefined;
}

function fromCommandLine(vars: Vars): ExtraVars {
  return { vars, whereOf: () => '--extra-vars' };
}

export type ReadFile = (path: string) => string;

const FORMS = 'write name=value, a mapping as JSON or YAML, or @file';

/**
 * The variables of all `-e`, a later one over an earlier: `a=1 b='x y'` (the values are text), `{"a": 1}` or
 * `@file.yml`.
 *
 * @throws Failure 'config' with everything that is wrong
 */
export function parseExtraVars(args: readonly string[], readFile: ReadFile, vault = new Vault()): ExtraVars {
  const reasons: string[] = [];
  const found = args.map((arg): ExtraVars => {
    try {
      return varsIn(arg, readFile, vault);
    } catch (error) {
      if (!(error instanceof Wrong || error instanceof Complaints)) throw error;
      reasons.push(error.message);
      return fromCommandLine({});
    }
  });
  if (reasons.length > 0) throw new Failure('config', reasons.join('\n'));
  return {
    vars: Object.fromEntries(found.flatMap(({ vars }) => Object.entries(vars))),
    whereOf: (variable) => found.findLast(({ vars }) => Object.hasOwn(vars, variable))?.whereOf(variable),
  };
}

class Wrong extends Error {}

function varsIn(arg: string, readFile: ReadFile, vault: Vault): ExtraVars {
  const trimmed = arg.trim();
  if (trimmed.startsWith('@')) return fromFile(trimmed.slice(1), readFile, vault);
  const sentence = (why: string): Wrong => new Wrong(`Cannot read --extra-vars "${withoutValues(trimmed)}": ${why}`);
  if (/^[{[]/.test(trimmed)) {
    try {
      return fromCommandLine(checked(readDocument('--extra-vars', trimmed, vault).value, sentence));
    } catch (error) {
      if (!(error instanceof Complaints)) throw error;
      const [first] = error.complaints;
      throw sentence(first === undefined ? FORMS : `${withoutQuotes(first.message)}, at column ${first.column}`);
    }
  }
  return fromCommandLine(checked(fromPairs(trimmed, sentence), sentence));
}

/** What was given, by its names alone: any value may be a secret. */
function withoutValues(arg: string): string {
  if (/^[{[]/.test(arg)) return `${arg.charAt(0)}…`;
  const words = splitWords(arg) ?? [arg];
  return words.map((word) => `${/^[\w.-]*=/.exec(word)?.[0] ?? ''}…`).join(' ');
}

/** What the parser quotes may be a value; a name that comes twice is none. */
function withoutQuotes(message: string): string {
  return !message.includes('"') || message.endsWith('is written twice') ? message : 'there is no JSON or YAML here';
}

function fromFile(path: string, readFile: ReadFile, vault: Vault): ExtraVars {
  const sentence = (why: string): Wrong => new Wrong(`Cannot read --extra-vars @${path}: ${why}`);
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    throw error instanceof Complaints ? error : sentence(reasonOf(error));
  }
  const document = readDocument(path, text, vault);
  const vars = checked(document.value ?? {}, sentence);
  return { vars, whereOf: (variable) => placeText({ file: path, ...document.at([variable], 'key') }) };
}

function fromPairs(text: string, sentence: (why: string) => Wrong): Vars {
  const words = splitWords(text);
  if (words === undefined) throw sentence('a quotation mark is not closed');
  if (words.length === 0) throw sentence(FORMS);
  const pairs = words.map((word) => /^([^=]*)=([\s\S]*)$/.exec(word) ?? [word]);
  const wrong = pairs.findIndex(([, name]) => name === undefined);
  if (wrong >= 0) {
    const before = pairs[wrong - 1]?.[1];
    const what = before === undefined ? 'its first word' : `what follows ${before}=…`;
    const hint = before === undefined ? '' : ' (a value with blanks needs quotation marks of its own)';
    throw sentence(`${what} is no name=value${hint}; ${FORMS}`);
  }
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

function checked(value: unknown, sentence: (why: string) => Wrong): Vars {
  const result = [variables.parse(value)].flat();
  const [first] = result;
  if (first instanceof Misfit) throw sentence(first.hint === '' ? `should be ${variables.says}` : first.hint);
  return first ?? {};
}
