/** A `{{ … }}` or a `{% … %}` of a template. */
export interface Block {
  readonly opening: '{{' | '{%';
  readonly start: number;
  readonly end: number;
  /** What is in it, from here, without the signs that take blanks away. */
  readonly from: number;
  readonly to: number;
  readonly inner: string;
}

/** Where something begins that has no end, and what is said of it. */
export interface Unclosed {
  readonly at: number;
  readonly message: string;
}

export interface Blocks {
  readonly blocks: readonly Block[];
  /** What comes after it has not been looked at. */
  readonly unclosed?: Unclosed;
}

/** The blocks of a template, but those in comments and in `raw`. */
export function blocksOf(template: string): Blocks {
  const blocks: Block[] = [];
  let at = 0;
  for (;;) {
    const start = found(/\{[{%#]/g, template, at)?.index;
    if (start === undefined) return { blocks };
    const isComment = template[start + 1] === '#';
    const closing = isComment ? template.indexOf('#}', start + 2) : closingOf(template, start);
    if (closing === -1)
      return { blocks, unclosed: { at: start, message: withoutEnd(template.slice(start, start + 2)) } };
    at = closing + 2;
    if (isComment) continue;
    const block = blockAt(template, start, closing);
    blocks.push(block);
    if (block.opening === '{{' || block.inner.trim() !== 'raw') continue;
    const after = found(/\{%[-+]?\s*endraw\s*[-+]?%\}/g, template, at);
    if (after === null) return { blocks, unclosed: { at: start, message: '"{% raw %}" has no "{% endraw %}"' } };
    at = after.index + after[0].length;
  }
}

function withoutEnd(opening: string): string {
  if (opening === '{#') return '"{#" has no "#}"';
  return `"${opening}" has no "${opening === '{{' ? '}}' : '%}'}" outside of quotation marks and brackets`;
}

function found(pattern: RegExp, template: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(template);
}

function blockAt(template: string, start: number, closing: number): Block {
  const opening = template[start + 1] === '%' ? '{%' : '{{';
  const from = start + 2 + Number(isSign(template[start + 2]));
  const to = closing - Number(closing > from && isSign(template[closing - 1]));
  return { opening, start, end: closing + 2, from, to, inner: template.slice(from, to) };
}

function isSign(character: string | undefined): boolean {
  return character === '-' || character === '+';
}

/** Where the `}}` or `%}` stands that is neither in quotation marks nor in brackets. */
function closingOf(template: string, start: number): number {
  const closing = template[start + 1] === '%' ? '%}' : '}}';
  let depth = 0;
  for (let at = start + 2; at < template.length; at += 1) {
    const character = template[at] ?? '';
    if (depth <= 0 && template.startsWith(closing, at)) return at;
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (character === '"' || character === "'") {
      at = endOfText(template, at);
      if (at === -1) return -1;
    }
  }
  return -1;
}

function endOfText(template: string, start: number): number {
  for (let at = start + 1; at < template.length; at += 1) {
    if (template[at] === '\\') at += 1;
    else if (template[at] === template[start]) return at;
  }
  return -1;
}
