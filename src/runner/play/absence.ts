/** A host that is being taken out in front, is out, or is being put back there. */
export class Absence {
  readonly #joined = new Set<Promise<void>>();
  #waiting: (() => void)[] = [];
  #isOut = false;

  /** Nothing reaches it: others may begin to work on it, too, and it stays out until they are done. */
  get isOut(): boolean {
    return this.#isOut;
  }

  /** It is out while this goes on, and what others have joined to it. */
  async during(act: () => Promise<void>): Promise<void> {
    this.#set(true);
    try {
      await act();
    } finally {
      // Nothing may come between the last look and this.
      while (this.#joined.size > 0) await Promise.allSettled(this.#joined);
      this.#set(false);
    }
  }

  async join(act: () => Promise<void>): Promise<void> {
    const going = act();
    this.#joined.add(going);
    await going.finally(() => this.#joined.delete(going));
  }

  /** Resolves when it is out, is not any more, or is over. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  over(): void {
    this.#set(false);
  }

  #set(isOut: boolean): void {
    this.#isOut = isOut;
    for (const tell of this.#waiting.splice(0)) tell();
  }
}
