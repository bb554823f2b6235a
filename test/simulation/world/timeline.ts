/** Something that will happen, unless it is cancelled. */
export interface Coming {
  readonly atMs: number;
  readonly order: number;
  happen: (() => void) | undefined;
}

/** Time that jumps from one event to the next; what is due at the same millisecond happens in the order it was planned. */
export class Timeline {
  #nowMs = 0;
  #order = 0;
  #hasWoken = false;
  readonly #heap: Coming[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, happen: () => void): Coming {
    const coming = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, happen };
    this.#heap.push(coming);
    this.#up(this.#heap.length - 1);
    return coming;
  }

  cancel(coming: Coming | undefined): void {
    if (coming) coming.happen = undefined;
  }

  /** A promise somewhere was settled: whoever awaits it has its turn before time goes on. */
  woke(): void {
    this.#hasWoken = true;
  }

  /** Lets things happen until `isOver`, and says whether it came to that before `untilMs`. */
  async run(isOver: () => boolean, untilMs: number): Promise<boolean> {
    return this.#untilWoken(isOver, untilMs) ?? inTurns(() => this.#untilWoken(isOver, untilMs));
  }

  /** Undefined: somebody was woken, and has not had a turn yet. */
  #untilWoken(isOver: () => boolean, untilMs: number): boolean | undefined {
    for (;;) {
      if (this.#hasWoken) {
        this.#hasWoken = false;
        return undefined;
      }
      if (isOver()) return true;
      const next = this.#heap[0];
      if (!next || next.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#pop();
      this.#nowMs = next.atMs;
      next.happen?.();
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    this.#down();
  }

  #up(from: number): void {
    const heap = this.#heap;
    let index = from;
    const moved = heap[index];
    while (index > 0 && moved) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (!parent || isBefore(parent, moved)) break;
      heap[index] = parent;
      heap[above] = moved;
      index = above;
    }
  }

  #down(): void {
    const heap = this.#heap;
    let index = 0;
    const moved = heap[0];
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const least = right && left && isBefore(right, left) ? right : left;
      if (!moved || !least || isBefore(moved, least)) return;
      const at = least === left ? 2 * index + 1 : 2 * index + 2;
      heap[index] = least;
      heap[at] = moved;
      index = at;
    }
  }
}

function isBefore(one: Coming, other: Coming): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** Turns that are asked for together: they cost one round of the event loop, and microtasks have run before each. */
const TURNS_AT_ONCE = 32;

/** Calls it again and again until there is a result, whenever nobody who was woken has anything left to do. */
async function inTurns<T>(next: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    let left = 0;
    let isOver = false;
    const turn = (): void => {
      if (isOver) return;
      left -= 1;
      try {
        const result = next();
        if (result !== undefined) {
          isOver = true;
          resolve(result);
        } else if (left === 0) ask();
      } catch (error) {
        isOver = true;
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const ask = (): void => {
      for (left = 0; left < TURNS_AT_ONCE; left += 1) setImmediate(turn);
    };
    ask();
  });
}
