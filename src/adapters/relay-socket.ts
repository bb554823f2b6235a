import type { Duplex, Readable } from 'node:stream';
import { Absent, Failure } from '../errors.ts';
import { HttpSocket } from './http-socket.ts';
import type { Relay } from './relay.ts';

const STDERR_LIMIT = 500;
/** The words of connect(2), as relays pass them on, for a socket that nobody is behind. */
const NOBODY = /(?:connection refused|no such file or directory)$/i;

/** Its command: `exit` tells its status, null for none, and `close` that it is over and all of its output has been read. */
export interface RelayChannel extends Duplex {
  readonly stderr: Pick<Readable, 'on'>;
}

interface Purpose {
  readonly relay: Relay;
  /** For messages: `open /run/a.sock on fe1`. */
  readonly what: string;
  /** The socket has been reached: it has sent something. */
  readonly onProven: () => void;
}

/**
 * The standard input and output of a relay as a stream. It ends well only if the relay does: that its output has ended
 * does not tell whether the socket has closed, or the relay was killed.
 */
export class RelaySocket extends HttpSocket {
  readonly #channel: RelayChannel;
  readonly #purpose: Purpose;
  #said = '';
  #exitCode: number | undefined;
  #isProven = false;
  #isClosed = false;
  #hasEndedInput = false;

  constructor(channel: RelayChannel, purpose: Purpose) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    this.#purpose = purpose;
    channel.on('data', (chunk: Buffer) => {
      if (!this.#isProven) purpose.onProven();
      this.#isProven = true;
      if (!this.push(chunk)) channel.pause();
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk.toString()}`.slice(-STDERR_LIMIT);
    });
    channel.on('exit', (code: number | null) => {
      this.#exitCode = code ?? undefined;
    });
    channel.on('end', () => {
      this.#endInput();
    });
    channel.on('error', (error: Error) => this.destroy(error));
    // It may fail before whoever has asked for it listens; they find it destroyed then.
    this.on('error', () => undefined);
    channel.on('close', () => {
      this.#isClosed = true;
      this.#over();
    });
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#isClosed || this.#hasEndedInput) {
      callback(Object.assign(new Error('the stream is closed'), { code: 'EPIPE' }));
      return;
    }
    this.#channel.write(chunk, encoding, callback);
    if (this.#purpose.relay.end === 'after one write') this.#endInput();
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#purpose.relay.end === 'passed') this.#endInput();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // Its pipes are closed with the channel, which ends it.
    if (!this.#isClosed) this.#channel.destroy();
    this.#channel.resume();
    callback(error);
  }

  #endInput(): void {
    if (!this.#hasEndedInput && !this.#isClosed) this.#channel.end();
    this.#hasEndedInput = true;
  }

  #over(): void {
    if (this.destroyed) return;
    if (this.#exitCode === 0) {
      this.push(null);
      if (!this.writableEnded) this.end();
      return;
    }
    const { what, relay } = this.#purpose;
    const words = this.#said.trim().replaceAll(/\s*\n\s*/g, '; ');
    const why = words === '' ? `it ended with status ${this.#exitCode ?? 'none'}` : words;
    const sentence = `Cannot ${what} by "${relay.told}": ${why}`;
    // Cut off in the middle, it is not known how far it got.
    if (this.#isProven) this.destroy(new Failure('unreachable', sentence));
    else this.destroy(NOBODY.test(words) ? new Absent('refused', sentence) : new Failure('refused', sentence));
  }
}
