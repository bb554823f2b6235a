import type { Fleet } from '../../src/runner/ports.ts';
import { changed } from './changed.ts';
import type { FakeFleet, FakeHost } from './fake-fleet.ts';

const CHANGES = new Set([
  ...['create', 'start', 'stop', 'rename', 'remove', 'setRestart'],
  ...['setWeight', 'setAdmin', 'setAgent', 'setReadyWhenProven', 'shutdownSessions', 'write'],
]);

/**
 * The hosts of a fleet as a run sees them that dies, as if killed with -9, when it is about to make its change number
 * `atChange`: from then on nothing that it asks for happens or is answered. Its locks are freed, as the kernel would.
 */
export class MortalFleet implements Fleet {
  readonly #fleet: FakeFleet;
  readonly #atChange: number;
  readonly #hosts: FakeHost[] = [];
  #changes = 0;
  #isDead = false;
  #tellDeath: (change: string) => void = () => undefined;
  /** Resolves with the change that was not made any more. */
  readonly death = new Promise<string>((resolve) => {
    this.#tellDeath = resolve;
  });

  constructor(fleet: FakeFleet, atChange: number) {
    this.#fleet = fleet;
    this.#atChange = atChange;
  }

  async host(name: string): Promise<FakeHost> {
    const host = await this.#fleet.host(name);
    this.#hosts.push(host);
    return this.#mortal(
      changed(host, {
        containers: this.#mortal(host.containers),
        record: this.#mortal(host.record),
        balancer: () => this.#mortal(host.haproxy),
      }),
    );
  }

  async close(): Promise<void> {
    this.#die('close');
  }

  #mortal<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, key): unknown => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (CHANGES.has(String(key)) && this.#changes++ === this.#atChange) this.#die(String(key));
          return this.#isDead ? new Promise(() => undefined) : (Reflect.apply(value, target, args) as unknown);
        };
      },
    });
  }

  #die(change: string): void {
    this.#isDead = true;
    for (const host of this.#hosts) host.lock.die();
    this.#tellDeath(change);
  }
}
