import { floatOf, integerOf } from './numbers.ts';

/** A JSON text that is a marked number stands for it while the rest is read; JSON itself has no such escape. */
const MARK = '\uE000number:';

const stringOrNumber = /"(?:[^"\\]|\\[^])*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/**
 * JSON as Python reads it: 2.0 is no integer, and no digit of a large one is lost.
 *
 * @throws SyntaxError
 */
export function readJson(text: string): unknown {
  const marked = text.replace(stringOrNumber, (written) => (isExact(written) ? written : `"${MARK}${written}"`));
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? numberOf(value.slice(MARK.length)) : value,
  );
}

function isExact(written: string): boolean {
  return written.startsWith('"') || (written.length < 16 && /^-?\d+$/.test(written));
}

function numberOf(written: string): unknown {
  if (/[.eE]/.test(written)) return floatOf(Number(written));
  const isNegative = written.startsWith('-');
  return integerOf(isNegative, isNegative ? written.slice(1) : written);
}
