const KEPT_BYTES = 4096;
const LINE_FEED = 0x0a;

/**
 * The beginning and the end of what a command prints, whatever comes between. Only whole lines: a secret that is cut in
 * two would be hidden by nobody.
 */
export class OutputEnds {
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #leftOut = 0;

  add(chunk: Buffer): void {
    const room = Math.max(0, KEPT_BYTES - this.#head.length);
    // What does not fit begins the end, even if more would fit later.
    const isWhole = this.#tail.length + this.#leftOut === 0;
    if (isWhole) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const tail = Buffer.concat([this.#tail, isWhole ? chunk.subarray(room) : chunk]);
    const surplus = Math.max(0, tail.length - KEPT_BYTES);
    this.#leftOut += surplus;
    this.#tail = tail.subarray(surplus);
  }

  lines(): readonly string[] {
    if (this.#leftOut === 0) return linesOf(Buffer.concat([this.#head, this.#tail]));
    const headEnd = this.#head.lastIndexOf(LINE_FEED) + 1;
    const tailStart = this.#tail.indexOf(LINE_FEED) + 1;
    const tail = tailStart === 0 ? Buffer.alloc(0) : this.#tail.subarray(tailStart);
    const between = this.#leftOut + (this.#head.length - headEnd) + (this.#tail.length - tail.length);
    return [...linesOf(this.#head.subarray(0, headEnd)), `[${between} bytes left out]`, ...linesOf(tail)];
  }
}

/** Without what would move the cursor or colour the terminal of whoever reads it. */
function linesOf(bytes: Buffer): readonly string[] {
  const text = bytes.toString('utf8').replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
  const lines = text.split(/\r?\n/).map((line) => line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ''));
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
