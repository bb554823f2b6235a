import type { Client } from 'ssh2';
import type { Carrier, Opened, Target } from './carrier.ts';

/** A connection made by ssh2, after its handshake. */
export class Ssh2Carrier implements Carrier {
  readonly proxyCommand = undefined;
  readonly #client: Client;
  readonly #closed: Promise<void>;

  constructor(client: Client) {
    this.#client = client;
    this.#closed = new Promise((resolve) => client.once('close', resolve));
  }

  open(target: Target, opened: Opened): void {
    if ('command' in target) this.#client.exec(target.command, opened);
    else if ('socket' in target) this.#client.openssh_forwardOutStreamLocal(target.socket, opened);
    else this.#client.forwardOut('127.0.0.1', 0, target.address, target.port, opened);
  }

  onEnd(tell: (why: string) => void): void {
    this.#client.on('error', (error) => {
      tell(error.message);
    });
    this.#client.on('close', () => {
      tell('closed by the other side');
    });
  }

  async end(): Promise<void> {
    this.#client.end();
    // A peer that does not answer our goodbye must not keep us waiting.
    this.#client.destroy();
    await this.#closed;
  }
}
