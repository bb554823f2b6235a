/** How SSH writes numbers and texts. @see RFC 4251, 5 */

export function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

export function string(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** Reads one after the other what a message is made of. */
export class Reader {
  readonly #message: Buffer;
  #at = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  byte(): number {
    return this.#message.readUInt8(this.#at++);
  }

  uint32(): number {
    const value = this.#message.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  string(): Buffer {
    const start = this.#at + 4;
    this.#at = start + this.#message.readUInt32BE(this.#at);
    return this.#message.subarray(start, this.#at);
  }
}
