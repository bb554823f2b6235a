const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * What a container printed, both streams. Without a terminal the Engine wraps each piece into a frame: one byte of
 * stream number, three of nothing, four of length.
 *
 * @see https://docs.docker.com/reference/api/engine/version/v1.41/#operation/ContainerAttach, "Stream format"
 */
export function outputOf(raw: Buffer, hasTerminal: boolean): string {
  if (hasTerminal) return raw.toString('utf8');
  const pieces: Buffer[] = [];
  for (let at = 0; at + HEADER_BYTES <= raw.length;) {
    const length = raw.readUInt32BE(at + 4);
    pieces.push(raw.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length));
    at += HEADER_BYTES + length;
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The same piece by piece, of both streams: whatever comes of a frame is passed on at once, and which of them it is of. */
export function unframing(pass: (piece: Buffer, isError: boolean) => void): (chunk: Buffer) => void {
  let header = Buffer.alloc(0);
  let missing = 0;
  let isError = false;
  return (chunk) => {
    for (let rest = chunk; rest.length > 0;) {
      const size = missing > 0 ? missing : HEADER_BYTES - header.length;
      const part = rest.subarray(0, size);
      rest = rest.subarray(size);
      if (missing > 0) {
        missing -= part.length;
        pass(part, isError);
        continue;
      }
      header = Buffer.concat([header, part]);
      if (header.length < HEADER_BYTES) continue;
      missing = header.readUInt32BE(4);
      isError = header[0] === STDERR;
      header = Buffer.alloc(0);
    }
  };
}

/** Lines without their ends; no empty one after the last. */
export function linesOf(output: string): readonly string[] {
  const lines = output.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
