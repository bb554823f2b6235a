import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'ssh2';
import type { Carrier, Left, Opened, Target } from './carrier.ts';

/** How long a peer may take to answer our goodbye. */
const GOODBYE_MS = 1_000;

/** A connection made by ssh2 over a stream, after its handshake. */
export class Ssh2Carrier implements Carrier {
  readonly proxyCommand = undefined;
  readonly #client: Client;
  readonly #stream: Duplex;
  readonly #closed: Promise<void>;

  constructor(client: Client, stream: Duplex) {
    this.#client = client;
    this.#stream = stream;
    this.#closed = new Promise((resolve) => client.once('close', resolve));
  }

  open(target: Target, opened: Opened): void {
    if ('command' in target) this.#client.exec(target.command, opened);
    else if ('socket' in target) this.#client.openssh_forwardOutStreamLocal(target.socket, opened);
    else this.#client.forwardOut('127.0.0.1', 0, target.address, target.port, opened);
  }

  onEnd(tell: (why: string, left?: Left) => void): void {
    this.#client.on('error', (error: Error & { readonly level?: string }) => {
      const isSilent = error.level === 'client-timeout';
      // A socket of ours is reset; what ends another stream closes the socket behind it like any other.
      tell(error.message, isSilent && !(this.#stream instanceof Socket) ? 'late' : undefined);
    });
    this.#client.on('close', () => {
      tell('closed by the other side');
    });
  }

  async end(): Promise<void> {
    this.#client.end();
    const over = new AbortController();
    // ssh2's own destroy() does nothing once its end() was called: a peer that is gone would keep us until TCP gives up.
    const wait = pause(GOODBYE_MS, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.#closed, wait]);
    over.abort();
    this.#stream.destroy();
    await this.#closed;
  }
}
