import { readLiteral } from '../inventory/literals.ts';
import { withNumbersAsText } from '../values.ts';

/** What Ansible makes of a text that a template has become: True, False, and lists and mappings of Python or JSON. */
export function literalOf(text: string): unknown {
  if (text === 'True' || text === 'False') return text === 'True';
  if (!/^[[{]/.test(text)) return text;
  const python = asPython(text);
  const literal = python === undefined ? undefined : readLiteral(python);
  return typeof literal === 'object' && literal !== null ? withNumbersAsText(literal) : text;
}

const jsonNames = new Map([
  ['true', 'True'],
  ['false', 'False'],
  ['null', 'None'],
]);

/** On one line, and with names that Python has; undefined if a text in it goes over several lines. */
function asPython(text: string): string | undefined {
  const pieces = text.match(/"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|#.*|\w+|[^]/g) ?? [];
  if (pieces.some((it) => /^["']/.test(it) && /(?<!\\)\n/.test(it))) return undefined;
  return pieces.map((it) => (it === '\n' || it.startsWith('#') ? ' ' : (jsonNames.get(it) ?? it))).join('');
}

/** The filters that make a text which Ansible leaves as it is. */
const LEFT_AS_TEXT =
  /\|\s*(?:string|to_json|to_nice_json|to_yaml|to_nice_yaml)\s*(?:\([^()]*\)\s*)?(?:\)*\s*|if\b[^]*)$/;

/** Whether a text is meant as one that is all an expression comes to. */
export function isLeftAsText(expression: string): boolean {
  return LEFT_AS_TEXT.test(expression);
}
