import { Failure } from '../../errors.ts';
import type { FoundLock, Lock } from '../../runner/ports/ports.ts';
import type { Running } from '../link.ts';
import { whyFailed } from './state-dir.ts';

/** How a lock is kept alive. */
export interface Pulse {
  /** After how long without a heartbeat the holder on the host ends, in milliseconds. */
  readonly ttlMs: number;
  /** Between two heartbeats, in milliseconds. */
  readonly everyMs: number;
  /** Milliseconds by a clock that nobody sets and that does not stop while the machine sleeps. */
  readonly nowMs: () => number;
}

interface Holding {
  readonly host: string;
  readonly dead: FoundLock | undefined;
  /** When we began to ask for it, by the clock of `pulse`. */
  readonly began: number;
  readonly pulse: Pulse;
  /** Removes `lock.json` when the holder cannot do it any more. */
  readonly release: () => Promise<void>;
}

const CLAIM_WITHIN_MS = 10_000;

/** The lock as long as its holder, a command on the host, answers. */
export class HeldLock implements Lock {
  readonly #running: Running;
  readonly #holding: Holding;
  readonly #timer: NodeJS.Timeout;
  /** When the heartbeat was sent that has not been answered yet: a slow host is not sent more than it can answer. */
  #sent: number | undefined;
  /** When that was said which the holder has last answered: it lives for `ttlMs` from then on at least. */
  #heard: number;
  #isReleased = false;
  #isClaimed = false;
  #isRemoved = false;
  #onClaim: (answer: string) => void = () => undefined;

  constructor(running: Running, holding: Holding) {
    this.#running = running;
    this.#holding = holding;
    this.#heard = holding.began;
    running.onLine((line) => {
      if (line === 'beat') this.#answered();
      else if (line === 'released') this.#isRemoved = true;
      else this.#onClaim(line);
    });
    this.#timer = setInterval(() => {
      if (this.#sent !== undefined) return;
      this.#sent = holding.pulse.nowMs();
      running.say('beat');
    }, holding.pulse.everyMs);
    this.#timer.unref();
    running.ended.addEventListener('abort', () => {
      clearInterval(this.#timer);
    });
  }

  get dead(): FoundLock | undefined {
    return this.#holding.dead;
  }

  get lost(): AbortSignal {
    return this.#running.ended;
  }

  isSure(): boolean {
    const { nowMs, ttlMs } = this.#holding.pulse;
    return !this.#isReleased && !this.lost.aborted && nowMs() - this.#heard < ttlMs / 2;
  }

  async claim(): Promise<void> {
    const deadline = AbortSignal.timeout(CLAIM_WITHIN_MS);
    const answer = await new Promise<string>((resolve) => {
      this.#onClaim = resolve;
      for (const signal of [deadline, this.lost]) {
        if (signal.aborted) resolve('lost');
        signal.addEventListener('abort', () => {
          resolve('lost');
        });
      }
      this.#running.say('claim');
    });
    if (answer === 'claimed') this.#isClaimed = true;
    else {
      const [, said] = /^failed (.*)$/.exec(answer) ?? [];
      const why = said === undefined ? 'its holder does not answer' : whyFailed({ exitCode: 1, stderr: said });
      throw new Failure('error', `Cannot lock ${this.#holding.host}: its lock.json cannot be written: ${why}`);
    }
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    clearInterval(this.#timer);
    // Unclaimed, `lock.json` is not ours to remove: the holder knows by the name in it.
    this.#running.say('release');
    await this.#running.end();
    if (!this.#isRemoved && (this.#isClaimed || !this.dead)) await this.#holding.release();
  }

  #answered(): void {
    this.#heard = this.#sent ?? this.#heard;
    this.#sent = undefined;
  }
}
