import { Duplex, Readable } from 'node:stream';
import type { Channel } from '../carrier.ts';
import type { Mux } from './mux.ts';
import { string, uint32 } from './wire.ts';

/** RFC 4254, 9. */
export const message = {
  globalRequest: 80,
  open: 90,
  openConfirmation: 91,
  openFailure: 92,
  windowAdjust: 93,
  data: 94,
  extendedData: 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
} as const;

/** How much the host may send before it is read. */
export const WINDOW_BYTES = 2 * 1024 * 1024;

/** As the host has told when it opened the channel. */
interface Remote {
  readonly id: number;
  readonly window: number;
  /** The most that one message may carry. */
  readonly packet: number;
}

interface Words {
  readonly chunk: Buffer;
  readonly done: () => void;
}

/** One channel of a connection that OpenSSH has made. */
export class MuxChannel extends Duplex implements Channel {
  readonly stderr = new Readable({ read: () => undefined });
  readonly #mux: Mux;
  readonly #remote: Remote;
  /** How much the host still takes. */
  #window: number;
  #unsent: Words | undefined;
  /** What came, and for which the host was not yet given room again. */
  #taken = 0;
  #hasClosed = false;

  constructor(mux: Mux, remote: Remote) {
    // It is over when both sides have closed, not when both have ended: a command's status comes in between.
    super({ allowHalfOpen: true, autoDestroy: false });
    this.#mux = mux;
    this.#remote = remote;
    this.#window = remote.window;
  }

  signal(name: string): void {
    this.request('signal', string(name), false);
  }

  close(): void {
    if (!this.#hasClosed) this.#send(message.close);
    this.#hasClosed = true;
  }

  request(name: string, body: Buffer, wantsAnswer: boolean): void {
    this.#send(message.request, Buffer.concat([string(name), Buffer.of(wantsAnswer ? 1 : 0), body]));
  }

  /** The host has sent this. */
  hear(chunk: Buffer): void {
    if (this.destroyed) return;
    this.#taken += chunk.length;
    if (this.push(chunk)) this.#giveRoom();
  }

  hearError(chunk: Buffer): void {
    if (this.destroyed) return;
    this.#taken += chunk.length;
    this.stderr.push(chunk);
    this.#giveRoom();
  }

  /** The host takes so much more. */
  widen(bytes: number): void {
    this.#window += bytes;
    this.#sendUnsent();
  }

  hearEnd(): void {
    this.push(null);
    this.stderr.push(null);
  }

  /** The host has closed its side: nothing comes any more. */
  hearClose(): void {
    if (this.destroyed) return;
    this.hearEnd();
    if (this.stderr.listenerCount('data') === 0) this.stderr.resume();
    const over = (): void => {
      if (this.readableEnded && this.stderr.readableEnded) this.destroy();
    };
    this.on('end', over);
    this.stderr.on('end', over);
    over();
  }

  override _read(): void {
    this.#giveRoom();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unsent = { chunk, done };
    this.#sendUnsent();
  }

  override _final(done: () => void): void {
    this.#send(message.eof);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.close();
    this.stderr.destroy();
    done(error);
  }

  #giveRoom(): void {
    if (this.#taken < WINDOW_BYTES / 2) return;
    this.#send(message.windowAdjust, uint32(this.#taken));
    this.#taken = 0;
  }

  #sendUnsent(): void {
    while (this.#unsent && (this.#window > 0 || this.#hasClosed)) {
      const { chunk, done } = this.#unsent;
      const part = chunk.subarray(0, Math.min(this.#window, this.#remote.packet));
      const rest = chunk.subarray(part.length);
      const isLast = rest.length === 0 || this.#hasClosed;
      this.#unsent = isLast ? undefined : { chunk: rest, done };
      this.#window -= part.length;
      this.#send(message.data, string(part), isLast ? done : undefined);
    }
  }

  #send(type: number, body: Buffer = Buffer.of(), sent?: () => void): void {
    // What is said on a channel that is closed is a breach of the protocol.
    if (this.#hasClosed) sent?.();
    else this.#mux.send(Buffer.concat([Buffer.of(type), uint32(this.#remote.id), body]), sent);
  }
}
