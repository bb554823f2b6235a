import type { Command } from './command.ts';

export type Service = Command<unknown>['service'];

/** What a service was asked while it hung. */
export interface Held {
  /** It is carried out, and answered if anybody waits for that still. */
  readonly taken: () => void;
  /** The service goes down before. */
  readonly lost: () => void;
}

/** Services of a host that have ceased to answer: they take up what they were asked, in this order, once they do again. */
export class Hanging {
  readonly #held = new Map<Service, Held[]>();

  has(service: Service): boolean {
    return this.#held.has(service);
  }

  begin(service: Service): void {
    if (!this.has(service)) this.#held.set(service, []);
  }

  hold(service: Service, held: Held): void {
    this.#held.get(service)?.push(held);
  }

  end(service: Service): void {
    for (const { taken } of this.#over(service)) taken();
  }

  /** It goes down as it is. */
  lose(service: Service): void {
    for (const { lost } of this.#over(service)) lost();
  }

  #over(service: Service): readonly Held[] {
    const held = this.#held.get(service) ?? [];
    this.#held.delete(service);
    return held;
  }
}
