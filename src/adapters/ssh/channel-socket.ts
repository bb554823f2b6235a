import type { Channel } from './carrier.ts';
import { HttpSocket } from '../http-socket.ts';

/**
 * An ssh2 channel as a stream that behaves: ssh2's own never reports its destruction, never calls back a write to a
 * closed channel, and shows a lost connection as a proper end (so whoever knows of the loss must destroy this stream).
 */
export class ChannelSocket extends HttpSocket {
  readonly #channel: Channel;
  #isClosed = false;

  constructor(channel: Channel) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('end', () => {
      if (!this.destroyed) this.push(null);
    });
    channel.on('error', (error: Error) => this.destroy(error));
    channel.on('close', () => {
      this.#isClosed = true;
      if (!this.writableEnded) this.end();
    });
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#isClosed) callback(Object.assign(new Error('the stream is closed'), { code: 'EPIPE' }));
    else this.#channel.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#isClosed) this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#isClosed) this.#channel.destroy();
    // What still arrives must be read, or the channel never closes.
    this.#channel.resume();
    callback(error);
  }
}
