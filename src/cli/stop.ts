import { setMaxListeners } from 'node:events';
import { Failure } from '../errors.ts';
import { A_BUG, type Report } from '../rollout/events.ts';
import type { Stop } from '../runner/instance/advance.ts';

/** Counts the times somebody asked to stop: first before the next instance, then now, then at once. */
export class StopSwitch implements Stop {
  readonly #levels = [new AbortController(), new AbortController(), new AbortController()] as const;
  // Fields of its own, not getters: a step is given them with one of the three replaced.
  readonly beforeNext = this.#levels[0].signal;
  readonly forward = this.#levels[1].signal;
  readonly homeward = this.#levels[2].signal;
  #times = 0;
  #hasBug = false;
  #report: Report | undefined;

  constructor() {
    // Every wait on every host listens.
    setMaxListeners(0, ...this.#levels.map(({ signal }) => signal));
  }

  tell(report: Report): void {
    this.#report = report;
  }

  ask(signal: string): void {
    const level = this.#levels[this.#times];
    this.#times += 1;
    this.#report?.({ type: 'stop-asked', signal, times: this.#times });
    level?.abort(new Failure('interrupted', `Stopped by ${signal}`));
  }

  /** As a first signal. Only once: what goes wrong again and again must not have everything left where it is. */
  askForBug(): void {
    if (!this.#hasBug) this.ask(A_BUG);
    this.#hasBug = true;
  }
}
