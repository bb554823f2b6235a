/** What was sent over a connection that is given up may still arrive. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../errors.ts';
import type { Session } from './session.ts';

/** The longest interval, and the least time that a first try is repeated after, of Linux's TCP (TCP_RTO_MAX, TCP_TIMEOUT_INIT). */
const AT_MOST_MS = 120_000;
const AT_LEAST_MS = 1_000;

/**
 * Connections to a host, of which each is given out only once nothing that was sent over those before can take effect
 * any more. A kernel sends again what was not acknowledged, at intervals that double (RFC 6298, 5.5), also when the
 * program is gone: what was sent into a silence of so long arrives within as long again once the network is back. That
 * does not hold for a connection that was reset; but only our own can be, not one of `ssh`, of a jump host or of a
 * ProxyCommand.
 */
export class Redial {
  readonly #host: string;
  readonly #dial: () => Promise<Session>;
  readonly #closing = new AbortController();
  /** Since when nothing was heard on a connection that was lost so; by the clock of `performance`. */
  #silentFromMs: number | undefined;

  constructor(host: string, dial: () => Promise<Session>) {
    this.#host = host;
    this.#dial = dial;
  }

  async session(): Promise<Session> {
    const session = await this.#dial();
    try {
      await this.#untilNothingIsLate();
    } catch (error) {
      await session.end();
      throw error;
    }
    session.onLoss(() => {
      this.#lost(session.silentMs);
    });
    return session;
  }

  /** Whoever waits for a connection waits no more. */
  close(): void {
    this.#closing.abort();
  }

  #lost(silentMs: number): void {
    if (silentMs > 0) this.#silentFromMs = Math.min(this.#silentFromMs ?? Infinity, performance.now() - silentMs);
  }

  async #untilNothingIsLate(): Promise<void> {
    const from = this.#silentFromMs;
    if (from === undefined) return;
    const waitMs = Math.min(performance.now() - from, AT_MOST_MS) + AT_LEAST_MS;
    const closed = new Failure('unreachable', `Cannot reach ${this.#host}: the connection was closed by us`);
    await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => Promise.reject(closed));
    // Another one may have been lost meanwhile.
    if (this.#silentFromMs === from) this.#silentFromMs = undefined;
  }
}
