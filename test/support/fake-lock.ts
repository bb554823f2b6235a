import { Failure } from '../../src/errors.ts';
import type { FoundLock, HostLock, Lock, LockOwner, Taking } from '../../src/runner/ports/ports.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The command on the host that has the kernel's lock. */
interface Holder {
  readonly lost: AbortController;
  /** Whether its controller still hears from it. */
  isHeard: boolean;
}

/** A host's lock as it behaves: `lock.json`, and somebody who lives or not. Heartbeats go on unless they are cut. */
export class FakeLock implements HostLock {
  /** What `lock.json` says. */
  owner: LockOwner | undefined;
  readonly #host: string;
  readonly #clock: VirtualClock;
  #holder: Holder | undefined;
  #heardAt = 0;
  /** How often `take` and `retake` were asked. */
  asked = 0;

  constructor(host: string, clock: VirtualClock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** Somebody else has it. */
  heldBy(owner: LockOwner): void {
    this.owner = owner;
    this.#heardAt = this.#clock.now();
    this.#holder = owner.kind === 'run' ? { lost: new AbortController(), isHeard: true } : undefined;
  }

  get isLive(): boolean {
    return this.#holder !== undefined;
  }

  /** Neither held nor left by anybody. */
  get isFree(): boolean {
    return !this.isLive && this.owner === undefined;
  }

  /** The run is killed, or its connection ends: the kernel frees the lock, `lock.json` stays. */
  die(): void {
    const holder = this.#holder;
    this.#holder = undefined;
    this.#heardAt = this.#clock.now();
    holder?.lost.abort();
  }

  /** The controller was frozen for longer than the ttl: nobody holds the lock, and it has not been told. */
  lapse(): void {
    this.silence();
    this.#holder = undefined;
    this.#heardAt = this.#clock.now();
  }

  /** Heartbeats are no longer answered, while the holder on the host still lives. */
  silence(): void {
    if (this.#holder) this.#holder.isHeard = false;
  }

  async look(): Promise<FoundLock | undefined> {
    return this.#found();
  }

  #found(): FoundLock | undefined {
    if (this.isFree) return undefined;
    const state = this.isLive ? 'live' : this.owner?.kind === 'hold' ? 'held' : 'dead';
    const ageMs = this.isLive ? 0 : this.#clock.now() - this.#heardAt;
    return { state, owner: this.owner, ageMs };
  }

  async take(owner: LockOwner): Promise<Taking> {
    this.asked += 1;
    const found = this.#found();
    if (found && found.state !== 'dead' && !this.#isOf(owner)) return { inTheWay: found };
    const dead = found && !this.#isOf(owner) ? found : undefined;
    return { lock: this.#start(owner, dead) };
  }

  async retake(owner: LockOwner): Promise<Lock> {
    this.asked += 1;
    if (!this.#isOf(owner))
      throw new Failure('locked', `Cannot go on with ${this.#host}: the lock is not ours any more`);
    return this.#start(owner, undefined);
  }

  async hold(owner: LockOwner): Promise<FoundLock | undefined> {
    const found = this.#found();
    if (!found) this.heldBy(owner);
    return found;
  }

  async free({ owner }: FoundLock, force: boolean): Promise<FoundLock | undefined> {
    const found = this.#found();
    if (found && ((owner && !this.#isOf(owner)) || (found.state === 'live' && !force))) return found;
    this.die();
    this.owner = undefined;
    return undefined;
  }

  #isOf({ run, machine, pid, nonce }: LockOwner): boolean {
    const { owner } = this;
    return owner?.run === run && owner.machine === machine && owner.pid === pid && owner.nonce === nonce;
  }

  #start(owner: LockOwner, dead: FoundLock | undefined): Lock {
    this.die();
    const holder: Holder = { lost: new AbortController(), isHeard: true };
    this.#holder = holder;
    const put = (): void => {
      this.owner = owner;
    };
    if (!dead) put();
    return {
      dead,
      lost: holder.lost.signal,
      isSure: () => holder === this.#holder && holder.isHeard,
      claim: async () => {
        put();
      },
      release: async () => {
        if (this.#isOf(owner)) this.owner = undefined;
        if (this.#holder === holder) this.#holder = undefined;
      },
    };
  }
}
