/** Compose's `$NAME`, `${NAME}` and its operators. */
import { type Secrets, soundsSecret } from '../../rollout/secret.ts';

/** Undefined: not set. */
export type Lookup = (name: string) => string | undefined;

/** The same, whose values are known as secret from then on where their names say so. */
export function noting(lookup: Lookup, secrets: Secrets | undefined): Lookup {
  return (name) => {
    const value = lookup(name);
    secrets?.addNamed(name, value);
    return value;
  };
}

/** The message completes "…: ". It shows nothing of the text but the name of a variable. */
export class InterpolationProblem extends Error {
  override readonly name = 'InterpolationProblem';
  readonly #withoutName: string;

  constructor(message: string, withoutName = message) {
    super(message);
    this.#withoutName = withoutName;
  }

  /** What is wrong with the value of `key`: where that is a secret, what stands after a `$` may be a part of it. */
  messageAt(key: string): string {
    return soundsSecret(key) ? this.#withoutName : this.message;
  }
}

const NOT_SET = 'it names a variable that is not set (write $$ for a dollar sign)';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const OPERATOR = /^:?[-?+]/;

/** In characters: variables that double one another come to more than any machine has. */
const LONGEST = 1024 * 1024;

/** Each `${` within another one is a level; more than that nobody means. */
const DEEPEST = 50;

/**
 * The text with its variables filled in. Unlike Compose, a variable that is set nowhere is an error, not an empty text,
 * unless an operator says what then.
 *
 * @throws InterpolationProblem
 * @see https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 */
export function interpolated(text: string, lookup: Lookup, depth = 0): string {
  if (depth > DEEPEST) throw new InterpolationProblem('its ${…} are nested too deeply');
  let result = '';
  let rest = text;
  for (let at = rest.indexOf('$'); at >= 0; at = rest.indexOf('$')) {
    result += rest.slice(0, at);
    const after = rest.slice(at + 1);
    const name = NAME.exec(after)?.[0];
    if (after.startsWith('$')) {
      result += '$';
      rest = after.slice(1);
    } else if (after.startsWith('{')) {
      const end = closing(after);
      result += braced(after.slice(1, end), lookup, depth);
      rest = after.slice(end + 1);
    } else if (name === undefined) {
      result += '$';
      rest = after;
    } else {
      result += needed(name, lookup(name));
      rest = after.slice(name.length);
    }
    if (result.length > LONGEST) throw new InterpolationProblem('it becomes a text of more than 1 MB');
  }
  return result + rest;
}

/** Where the brace that `text` begins with is closed. */
function closing(text: string): number {
  let open = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '{' && (index === 0 || text[index - 1] === '$')) open++;
    if (text[index] === '}' && --open === 0) return index;
  }
  throw new InterpolationProblem('a "${" is not closed with "}" (write $$ for a dollar sign)');
}

function braced(inner: string, lookup: Lookup, depth: number): string {
  const name = NAME.exec(inner)?.[0];
  const rest = inner.slice(name?.length ?? 0);
  const operator = OPERATOR.exec(rest)?.[0];
  if (name === undefined || (rest !== '' && operator === undefined)) {
    throw new InterpolationProblem('what stands in a "${…}" is no variable (write $$ for a dollar sign)');
  }
  const value = lookup(name);
  if (operator === undefined) return needed(name, value);
  const word = rest.slice(operator.length);
  const isThere = value !== undefined && (value !== '' || !operator.startsWith(':'));
  if (operator.endsWith('+')) return isThere ? interpolated(word, lookup, depth + 1) : '';
  if (isThere) return value;
  if (operator.endsWith('-')) return interpolated(word, lookup, depth + 1);
  const why = interpolated(word, lookup, depth + 1);
  throw new InterpolationProblem(
    `the variable ${name} is ${value === '' ? 'empty' : 'not set'}${why === '' ? '' : `: ${why}`}`,
    NOT_SET,
  );
}

function needed(name: string, value: string | undefined): string {
  if (value !== undefined) return value;
  const message = `the variable ${name} is not set (write \${${name}:-} where it may be left out)`;
  throw new InterpolationProblem(message, NOT_SET);
}
