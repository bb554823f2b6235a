/** Who sleeps until a signal aborts, if not before: one listener for each signal, however many sleep by it. */
export class Sleepers {
  readonly #all = new Map<AbortSignal, { readonly sleepers: Set<() => void>; readonly wakeAll: () => void }>();

  by(signal: AbortSignal): Set<() => void> {
    const known = this.#all.get(signal);
    if (known) return known.sleepers;
    const sleepers = new Set<() => void>();
    const wakeAll = (): void => {
      for (const wake of [...sleepers]) wake();
    };
    this.#all.set(signal, { sleepers, wakeAll });
    signal.addEventListener('abort', wakeAll);
    return sleepers;
  }

  /** Some signals never abort and outlive all stories: they must not keep them. */
  forget(): void {
    for (const [signal, { wakeAll }] of this.#all) signal.removeEventListener('abort', wakeAll);
  }
}
