import type { Clock, Fleet } from '../../src/runner/ports/ports.ts';
import type { RunContext } from '../../src/runner/run.ts';
import { changed } from './changed.ts';
import type { FakeFleet, FakeHost } from './fake-fleet.ts';

const CHANGES = new Set([
  ...['create', 'start', 'stop', 'rename', 'remove', 'setRestart'],
  ...['setWeight', 'setAdmin', 'setAgent', 'setReadyWhenProven', 'shutdownSessions', 'write'],
  ...['createFrom', 'save', 'noteMade', 'end'],
]);

/** When a run dies: at its change number `at`, counted from 0, just before it is made or just after. */
export interface Death {
  readonly at: number;
  readonly when: 'before' | 'after';
}

/**
 * The hosts of a fleet as a run sees them that dies, as if killed with -9: from then on nothing that it asks for happens
 * or is answered. Its locks are freed, as the kernel would.
 */
export class MortalFleet implements Fleet {
  readonly #fleet: FakeFleet;
  readonly #death: Death;
  readonly #hosts: FakeHost[] = [];
  #changes = 0;
  #isDead = false;
  #tellDeath: (change: string) => void = () => undefined;
  /** Resolves with the change that was not made any more, or was the last one. */
  readonly death = new Promise<string>((resolve) => {
    this.#tellDeath = resolve;
  });

  constructor(fleet: FakeFleet, death: Death | number) {
    this.#fleet = fleet;
    this.#death = typeof death === 'number' ? { at: death, when: 'before' } : death;
  }

  /** `context` as the run has it that dies: with these hosts, and with a clock that wakes it no more once it is dead. */
  context(context: RunContext): RunContext {
    const sleep: Clock['sleep'] = async (ms, signal) => {
      if (!this.#isDead) await context.clock.sleep(ms, signal);
      if (this.#isDead) await new Promise(() => undefined);
    };
    return { ...context, fleet: this, clock: changed(context.clock, { sleep }) };
  }

  async host(name: string): Promise<FakeHost> {
    const host = await this.#fleet.host(name);
    this.#hosts.push(host);
    return this.#mortal(
      changed(host, {
        containers: this.#mortal(host.containers),
        record: this.#mortal(host.record),
        archive: this.#mortal(host.archive),
        jobs: this.#mortal(host.jobs),
        lock: this.#mortal(host.lock),
        balancer: () => this.#mortal(host.balancer()),
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
          const { at, when } = this.#death;
          const isLast = CHANGES.has(String(key)) && this.#changes++ === at;
          if (isLast && when === 'before') this.#die(String(key));
          if (this.#isDead) return new Promise(() => undefined);
          const done = Reflect.apply(value, target, args) as unknown;
          if (!isLast) return done;
          // It takes place, and nobody is there any more to hear of it.
          this.#die(String(key));
          return new Promise(() => undefined);
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
