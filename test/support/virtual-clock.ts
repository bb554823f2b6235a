import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/runner/ports/ports.ts';

/** Time that passes only when everybody waits: it jumps to whoever is to be woken next. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  #isDriving = false;
  readonly #onAdvance: ((toMs: number) => void)[] = [];

  now(): number {
    return this.#nowMs;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 10, 21, 9, 0, 0) + this.#nowMs);
  }

  /** Told of every moment on the way, in steps of at most `GRID_MS`. */
  onAdvance(hear: (toMs: number) => void): void {
    this.#onAdvance.push(hear);
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        resolve();
      };
      const sleeper = { at: this.#nowMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', wake);
      void this.#drive();
    });
  }

  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    while (this.#sleepers.length > 0) {
      await turn();
      const next = this.#sleepers.toSorted((one, other) => one.at - other.at)[0];
      if (!next) break;
      this.#advance(next.at);
      next.wake();
    }
    this.#isDriving = false;
  }

  #advance(to: number): void {
    while (this.#nowMs < to) {
      this.#nowMs = Math.min(to, (Math.floor(this.#nowMs / GRID_MS) + 1) * GRID_MS);
      for (const hear of this.#onAdvance) hear(this.#nowMs);
    }
  }
}

/** How finely the world is moved on, in milliseconds. */
export const GRID_MS = 10;
