export interface Word {
  readonly text: string;
  /** Where it starts, from 0. */
  readonly offset: number;
}

/**
 * Splits a line as a shell would, without expanding anything. With comments, `#` starts one anywhere outside
 * quotes, even inside a word, as in an INI inventory.
 *
 * @returns undefined if a quote is never closed
 */
export function splitWords(line: string, comments: 'with comments' | 'without comments'): readonly Word[] | undefined {
  const words: Word[] = [];
  const blank = /\s*/y;
  let at = 0;
  for (;;) {
    blank.lastIndex = at;
    blank.test(line);
    at = blank.lastIndex;
    if (at >= line.length || (comments === 'with comments' && line[at] === '#')) return words;
    const word = wordAt(line, at, comments === 'with comments');
    if (word === undefined) return undefined;
    words.push({ text: word.text, offset: at });
    at = word.end;
    if (comments === 'with comments' && line[at] === '#') return words;
  }
}

const part = /'([^']*)'|"((?:\\[^]|[^"\\])*)"|\\([^])|([^\s'"\\])/y;

function wordAt(line: string, start: number, stopsAtHash: boolean): { text: string; end: number } | undefined {
  let text = '';
  let end = start;
  while (end < line.length && !/\s/.test(line.charAt(end)) && !(stopsAtHash && line[end] === '#')) {
    part.lastIndex = end;
    const match = part.exec(line);
    if (match === null) return undefined;
    const [, single, double, escaped, bare] = match;
    text += single ?? double?.replace(/\\(["\\])/g, '$1') ?? escaped ?? bare ?? '';
    end = part.lastIndex;
  }
  return { text, end };
}
