import pLimit, { type LimitFunction } from 'p-limit';

/** A place where so many may be at work at the same time, or one alone. Who comes first is first. */
export class Room {
  readonly #size: number;
  readonly #places: LimitFunction;

  constructor(size: number) {
    this.#size = size;
    this.#places = pLimit(size);
  }

  share<T>(action: () => Promise<T>): Promise<T> {
    return this.#places(action);
  }

  /** Once all who are there have left, and before anybody who comes later. */
  async alone<T>(action: () => Promise<T>): Promise<T> {
    let taken = 0;
    let begin: () => void = () => undefined;
    const isEmpty = new Promise<void>((resolve) => (begin = resolve));
    const acting = isEmpty.then(action);
    const places = Array.from({ length: this.#size }, () =>
      this.#places(async () => {
        taken += 1;
        if (taken === this.#size) begin();
        await Promise.allSettled([acting]);
      }),
    );
    await Promise.all(places);
    return acting;
  }
}
