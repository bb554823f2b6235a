import pLimit, { type LimitFunction } from 'p-limit';

/**
 * Whose turn it is to take from a backend: to look whether it can spare a server and to take that is one thing, or two
 * would look first and then both take. One of these for all that work at the same time.
 */
export class Turns {
  readonly #limits = new Map<string, LimitFunction>();

  /** Does it when nobody else has any of these. */
  async inTurn<T>(names: readonly string[], action: () => Promise<T>): Promise<T> {
    // In one order, so that no two wait for one another.
    const limits = [...new Set(names)].toSorted().map((name) => this.#limitOf(name));
    const all = limits.reduceRight<() => Promise<T>>((inner, limit) => () => limit(inner), action);
    return all();
  }

  #limitOf(name: string): LimitFunction {
    const limit = this.#limits.get(name) ?? pLimit(1);
    this.#limits.set(name, limit);
    return limit;
  }
}
