import { Duplex } from 'node:stream';

/** The methods by which `node:http` takes a stream for a socket. Time limits are set elsewhere. */
export abstract class HttpSocket extends Duplex {
  destroySoon(): void {
    this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  setTimeout(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
