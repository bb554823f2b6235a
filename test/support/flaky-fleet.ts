import { Failure } from '../../src/errors.ts';
import type { Fleet } from '../../src/runner/ports/ports.ts';
import { changed } from './changed.ts';
import type { FakeFleet, FakeHost } from './fake-fleet.ts';

/**
 * The hosts of a fleet as a run sees them whose call number `atCall` is lost, counted from `begin`: either before it
 * had an effect, or after, so that only its answer is missing.
 */
export class FlakyFleet implements Fleet {
  readonly #fleet: FakeFleet;
  readonly #atCall: number;
  readonly #hasEffect: boolean;
  #calls: number | undefined;
  /** The call that was lost. */
  lost: string | undefined;

  constructor(fleet: FakeFleet, atCall: number, hasEffect: boolean) {
    this.#fleet = fleet;
    this.#atCall = atCall;
    this.#hasEffect = hasEffect;
  }

  /** Counts from here on; nothing is lost before. */
  begin(): void {
    this.#calls ??= 0;
  }

  async host(name: string): Promise<FakeHost> {
    const host = await this.#fleet.host(name);
    return changed(host, {
      containers: this.#flaky(host.containers, name),
      record: this.#flaky(host.record, name),
      balancer: () => this.#flaky(host.haproxy, name),
      probe: this.#losing('probe', host.probe.bind(host), name),
    });
  }

  async close(): Promise<void> {
    await this.#fleet.close();
  }

  #flaky<T extends object>(target: T, host: string): T {
    return new Proxy(target, {
      get: (_, key): unknown => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        const call = (...args: unknown[]): Promise<unknown> => Reflect.apply(value, target, args) as Promise<unknown>;
        return this.#losing(String(key), call, host);
      },
    });
  }

  #losing<Args extends unknown[], T>(
    name: string,
    call: (...args: Args) => Promise<T>,
    host: string,
  ): (...args: Args) => Promise<T> {
    return async (...args) => {
      if (this.#calls === undefined || this.#calls++ !== this.#atCall) return call(...args);
      this.lost = name;
      if (this.#hasEffect) await call(...args);
      throw new Failure('unreachable', `Cannot reach ${host}: connection lost`);
    };
  }
}
