import { Failure, reasonOf } from '../../errors.ts';
import { placeOf, type SshAddress } from './address.ts';
import type { Carrier, Channel, Target } from './carrier.ts';
import { ChannelSocket } from './channel-socket.ts';

/** Time limit for a channel to open: a server that lives answers within a round trip. */
const OPEN_WITHIN_MS = 10_000;

/** How we were let in. */
export interface Login {
  /** Which key, by file or agent, and its fingerprint. */
  readonly key: string;
  /** The host's key: its fingerprint and type, and where it is known from. */
  readonly hostKey: string;
}

/** One connection that was made, for as long as it lasts. */
export class Session {
  readonly address: SshAddress;
  readonly login: Login;
  readonly #carrier: Carrier;
  readonly #lost = new AbortController();
  readonly #interrupted = new Set<(loss: Failure) => void>();
  #silentMs = 0;

  constructor(carrier: Carrier, address: SshAddress, login: Login) {
    this.login = login;
    this.address = address;
    this.#carrier = carrier;
    carrier.onEnd((why, left) => {
      const { everyMs, unanswered } = address.keepalive;
      if (left === 'late') this.#silentMs = everyMs * (unanswered + 1);
      this.#lose(why);
    });
  }

  /** See {@link Carrier}. */
  get proxyCommand(): string | undefined {
    return this.#carrier.proxyCommand;
  }

  /** Aborts, with a Failure `unreachable`, once the connection is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * For how long at most nothing had been heard when it was lost, in milliseconds, where what was sent meanwhile may still
   * arrive. 0: nothing can.
   */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Calls `interrupt` when the connection is lost, at once if it is, unless the function returned was called before. */
  onLoss(interrupt: (loss: Failure) => void): () => void {
    if (this.lost.aborted) interrupt(this.lost.reason as Failure);
    else this.#interrupted.add(interrupt);
    return () => this.#interrupted.delete(interrupt);
  }

  /**
   * What `take` makes of a channel to `target`; the server's refusal is thrown as it is, an `OpenError`. `take` is
   * called at once, see `Carrier.open`. `late` is thrown when the server does not answer.
   */
  async open<T>(target: Target, take: (channel: Channel) => T, late?: Failure): Promise<T> {
    this.lost.throwIfAborted();
    const deadline = AbortSignal.timeout(OPEN_WITHIN_MS);
    return new Promise((resolve, reject) => {
      let isOver = false;
      const over = () => {
        isOver = true;
        forget();
        deadline.removeEventListener('abort', expire);
      };
      const fail = (error: Error) => {
        over();
        reject(this.lost.aborted ? (this.lost.reason as Failure) : error);
      };
      const expire = () => {
        fail(late ?? this.#failure(`its SSH server does not answer within ${OPEN_WITHIN_MS / 1000} s`));
      };
      const forget = this.onLoss(fail);
      deadline.addEventListener('abort', expire);
      try {
        this.#carrier.open(target, (error, channel) => {
          // A channel that came too late.
          if (isOver) channel?.destroy();
          else if (!channel) fail(error ?? new Error('there is no channel'));
          else {
            over();
            resolve(take(channel));
          }
        });
      } catch (error) {
        // `Not connected`: the connection broke, and 'close' has not come yet.
        this.#lose(reasonOf(error));
        fail(this.lost.reason as Failure);
      }
    });
  }

  /** The same as a stream that fails when the connection is lost. */
  async openStream(target: Target, late?: Failure): Promise<ChannelSocket> {
    const take = (channel: Channel) => {
      const socket = new ChannelSocket(channel);
      const forget = this.onLoss((loss) => socket.destroy(loss));
      socket.on('close', forget);
      return socket;
    };
    return this.open(target, take, late);
  }

  /** Resolves once the connection is closed. */
  async end(): Promise<void> {
    const wasLost = this.lost.aborted;
    this.#lose('closed by us');
    if (!wasLost) await this.#carrier.end();
  }

  #lose(why: string): void {
    if (this.lost.aborted) return;
    const loss = this.#failure(`connection lost (${why})`);
    this.#lost.abort(loss);
    for (const interrupt of [...this.#interrupted]) interrupt(loss);
    this.#interrupted.clear();
    void this.#carrier.end();
  }

  #failure(why: string): Failure {
    return new Failure('unreachable', `Cannot reach ${placeOf(this.address)}: ${why}`);
  }
}
