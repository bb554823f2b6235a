import { Failure } from '../../../src/errors.ts';
import type { FoundLock, HostLock, Lock, LockOwner, Taking } from '../../../src/runner/ports/ports.ts';
import type { Controller } from './controller.ts';
import type { SimHost } from './host.ts';

/** The lock of a host as one controller sees it: `lock.json`, and whoever has the kernel's. */
export class SimLock implements HostLock {
  readonly #controller: Controller;
  readonly #host: SimHost;

  constructor(controller: Controller, host: SimHost) {
    this.#controller = controller;
    this.#host = host;
  }

  look(): Promise<FoundLock | undefined> {
    return this.#call('look at lock', () => this.#found());
  }

  take(owner: LockOwner): Promise<Taking> {
    return this.#call('lock', () => {
      const found = this.#found();
      if (found && found.state !== 'dead' && !this.#isOf(owner)) return { inTheWay: found };
      return { lock: this.#start(owner, this.#isOf(owner) ? undefined : found) };
    });
  }

  retake(owner: LockOwner): Promise<Lock> {
    return this.#call('lock again', () => {
      // Somebody may have the kernel's lock already, and not have claimed `lock.json` yet.
      const isAnothers = this.#host.lock !== undefined && this.#host.lock.by !== this.#controller.number;
      if (!this.#isOf(owner) || isAnothers) {
        throw new Failure('locked', `Cannot go on with ${this.#host.name}: the lock is not ours any more`);
      }
      return this.#start(owner, undefined);
    });
  }

  hold(owner: LockOwner): Promise<FoundLock | undefined> {
    return this.#call('hold', () => {
      const found = this.#found();
      if (!found) this.#host.lockedBy = owner;
      return found;
    });
  }

  free({ owner }: FoundLock, force: boolean): Promise<FoundLock | undefined> {
    return this.#call('break lock', () => {
      const found = this.#found();
      if (found && ((owner && !this.#isOf(owner)) || (found.state === 'live' && !force))) return found;
      this.#host.lock = undefined;
      this.#host.lockedBy = undefined;
      return undefined;
    });
  }

  #start(owner: LockOwner, dead: FoundLock | undefined): Lock {
    const host = this.#host;
    const { number, world } = this.#controller;
    const lost = new AbortController();
    const lock = { holder: owner.by, by: number, sinceMs: world.timeline.nowMs };
    host.lock = lock;
    if (!dead) host.lockedBy = owner;
    this.#controller.locked(host, () => {
      lost.abort();
    });
    return {
      dead,
      lost: lost.signal,
      isSure: () => !lost.signal.aborted && this.#controller.sleptMs < lock.sinceMs,
      claim: async () => {
        await this.#call('claim lock', () => {
          host.lockedBy = owner;
        });
      },
      release: async () => {
        await this.#call('unlock', () => {
          if (this.#isOf(owner)) host.lockedBy = undefined;
          if (host.lock === lock) host.lock = undefined;
        });
      },
    };
  }

  #found(): FoundLock | undefined {
    const { lock, lockedBy: owner } = this.#host;
    if (lock) return { state: 'live', owner, ageMs: 0 };
    return owner && { state: owner.kind === 'hold' ? 'held' : 'dead', owner, ageMs: 0 };
  }

  #isOf({ run, machine, pid, nonce }: LockOwner): boolean {
    const owner = this.#host.lockedBy;
    return owner?.run === run && owner.machine === machine && owner.pid === pid && owner.nonce === nonce;
  }

  #call<T>(name: string, run: () => T): Promise<T> {
    const answer = this.#controller.call(this.#host, { name, service: 'host', run });
    // Beside whoever waits for it, who must not be answered any later for that.
    answer.catch(() => (this.#controller.dealing(this.#host).isLockUnsure = true));
    return answer;
  }
}
