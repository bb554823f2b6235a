/** A configuration beside the one that is there, as a unified diff. */
import { HIDDEN, type Secrets } from '../rollout/secret.ts';
import type { Paint } from './paint.ts';

export interface ConfigDiff {
  /** The host, and the file there. */
  readonly name: string;
  /** Undefined: there is no file. */
  readonly before: string | undefined;
  readonly after: string;
}

type Kind = ' ' | '-' | '+';

interface DiffLine {
  readonly kind: Kind;
  readonly text: string;
}

/** Unchanged lines around a change. */
const AROUND = 3;

/** Beyond these many pairs of lines what has changed is told as one piece, rather than taking for ever. */
const MOST_PAIRS = 4_000_000;

/** Secrets are hidden, and so are the lines that one has taken the place of: what it was before nobody knows any more. */
export function diffText({ name, before, after }: ConfigDiff, paint: Paint, secrets: Secrets): string[] {
  if (before === after) return [`${name}: no difference`];
  const lines = linesBetween(before === undefined ? [] : linesOf(before), linesOf(after));
  const head = [`--- ${before === undefined ? `${name} (not there)` : name}`, `+++ ${name} (rendered)`];
  const hunks = hunksOf(lines).map((hunk) => ({ ...hunk, lines: withoutSecrets(hunk.lines, secrets) }));
  return [...head.map((line) => paint('strong', line)), ...hunks.flatMap((hunk) => hunkLines(hunk, paint))];
}

function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const isWhole = text.endsWith('\n');
  const lines = (isWhole ? text.slice(0, -1) : text).split('\n');
  return isWhole ? lines : [...lines.slice(0, -1), `${lines.at(-1) ?? ''}\\ (no newline at the end)`];
}

function linesBetween(one: readonly string[], other: readonly string[]): readonly DiffLine[] {
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: ' ', text }));
  const middle = changes(one.slice(start, one.length - end), other.slice(start, other.length - end));
  return [...same(one.slice(0, start)), ...middle, ...same(one.slice(one.length - end))];
}

/** By their longest common subsequence. */
function changes(one: readonly string[], other: readonly string[]): readonly DiffLine[] {
  const gone = (text: string): DiffLine => ({ kind: '-', text });
  const come = (text: string): DiffLine => ({ kind: '+', text });
  if (one.length * other.length > MOST_PAIRS) return [...one.map(gone), ...other.map(come)];
  const width = other.length + 1;
  const common = new Uint32Array((one.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = one[i] === other[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    const [left = '', right = ''] = [one[i], other[j]];
    if (i < one.length && j < other.length && left === right) {
      lines.push({ kind: ' ', text: left });
      [i, j] = [i + 1, j + 1];
    } else if (i < one.length && (j === other.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(gone(left));
      i += 1;
    } else {
      lines.push(come(right));
      j += 1;
    }
  }
  return lines;
}

interface Hunk {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly DiffLine[];
}

function hunksOf(lines: readonly DiffLine[]): readonly Hunk[] {
  const changed = lines.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]));
  const ranges: { start: number; end: number }[] = [];
  for (const index of changed) {
    const [start, end] = [Math.max(0, index - AROUND), Math.min(lines.length, index + AROUND + 1)];
    const last = ranges.at(-1);
    if (last && start <= last.end) last.end = end;
    else ranges.push({ start, end });
  }
  return ranges.map(({ start, end }) => {
    const before = lines.slice(0, start);
    const count = (kind: Kind): number => before.filter((line) => line.kind !== kind).length;
    return { from: count('+') + 1, to: count('-') + 1, lines: lines.slice(start, end) };
  });
}

function withoutSecrets(lines: readonly DiffLine[], secrets: Secrets): readonly DiffLine[] {
  const isReplaced = lines.some(({ kind, text }) => kind === '+' && secrets.isIn(text));
  return lines.map(({ kind, text }) =>
    kind === '-' && isReplaced ? { kind, text: HIDDEN } : { kind, text: secrets.hide(text) },
  );
}

function hunkLines({ from, to, lines }: Hunk, paint: Paint): string[] {
  const count = (kind: Kind): number => lines.filter((line) => line.kind !== kind).length;
  const place = (start: number, length: number): string => `${length === 0 ? start - 1 : start},${length}`;
  const head = paint('quiet', `@@ -${place(from, count('+'))} +${place(to, count('-'))} @@`);
  return [head, ...lines.map(({ kind, text }) => painted(kind, `${kind}${text}`, paint))];
}

function painted(kind: Kind, line: string, paint: Paint): string {
  if (kind === ' ') return line;
  return paint(kind === '-' ? 'bad' : 'good', line);
}
