/** Counted from 1. */
export interface JsonPlace {
  readonly line: number;
  readonly column: number;
}

/** A text that is no JSON; nothing of it is shown, for it may hold secrets. */
export class NoJson extends Error implements JsonPlace {
  readonly line: number;
  readonly column: number;

  constructor(text: string) {
    const before = text.slice(0, lengthOfGood(text)).split('\n');
    const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1];
    super(`it is no JSON: line ${line}, column ${column}`);
    [this.line, this.column] = [line, column];
  }
}

/** @throws NoJson */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NoJson(text);
  }
}

/** How long the beginning is that could still become JSON. */
function lengthOfGood(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** The parser does not say in every case where it stopped, but it says when only the rest is missing. */
function mayGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    const [, position] = / at position (\d+)/.exec(said) ?? [];
    return /end of JSON input|Unterminated string/.test(said) || Number(position) >= beginning.length;
  }
}
