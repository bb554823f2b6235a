import { Failure } from '../../errors.ts';
import type { LockOwner } from '../../rollout/lock.ts';
import type { PushRecord } from '../ports/config-port.ts';
import { fenced } from './fence.ts';
import type { Conflict } from './gather.ts';
import type { HeldHost } from './held-hosts.ts';
import type { Fleet, HostAccess, Lock } from '../ports/ports.ts';
import { Undo } from '../instance/undo.ts';

/** One host in hand, which can be let go again. */
export interface Holding extends Omit<HeldHost, 'reach' | 'lacks'> {
  /** Of HAProxy's configuration, that have not ended. */
  readonly pushes: readonly PushRecord[];
  /** Takes the lock of a run that died. */
  claim(): Promise<void>;
  release(): Promise<void>;
}

/** Connects to a host and locks it, or says who has it. */
export async function hold(
  name: string,
  owner: LockOwner,
  { fleet }: { readonly fleet: Fleet },
): Promise<Holding | Conflict> {
  const access = await fleet.host(name);
  const taking = await access.lock.take(owner);
  if ('inTheWay' in taking) return { host: name, found: taking.inTheWay };
  const { lock } = taking;
  const lease = new Lease(access, owner, lock);
  try {
    const guarded = fenced(access, () => lease.sure());
    const [undo, pushes] = await Promise.all([Undo.of(guarded.record), guarded.pushes()]);
    return {
      ...{ access: guarded, undo, pushes, dead: lock.dead, leftBy: leftIn(undo, owner) },
      keep: () => lease.sure(),
      claim: () => lock.claim(),
      release: () => lease.release(),
    };
  } catch (error) {
    // What goes wrong in that must not hide the reason: a lock that stays behind is found dead by the next run.
    await Promise.allSettled([lock.release()]);
    throw error;
  }
}

function leftIn({ entries }: Undo, owner: LockOwner): string | undefined {
  return entries.find(({ kind, run }) => kind !== 'drain' && kind !== 'kept' && run !== owner.run)?.run;
}

/** The lock of a host through all that may happen to it. */
class Lease {
  readonly #access: HostAccess;
  readonly #owner: LockOwner;
  #lock: Lock;
  #again: Promise<void> | undefined;
  /** Why the host is not ours any more, for good. */
  #gone: Failure | undefined;

  constructor(access: HostAccess, owner: LockOwner, lock: Lock) {
    this.#access = access;
    this.#owner = owner;
    this.#lock = lock;
  }

  /** @throws Failure `locked` when the host is somebody else's, `unreachable` when it cannot be asked whose it is */
  async sure(): Promise<void> {
    if (this.#gone) throw this.#gone;
    if (this.#lock.isSure()) return;
    this.#again ??= this.#retake().finally(() => {
      this.#again = undefined;
    });
    await this.#again;
  }

  async release(): Promise<void> {
    if (!this.#gone) await this.#lock.release();
  }

  async #retake(): Promise<void> {
    try {
      this.#lock = await this.#access.lock.retake(this.#owner);
    } catch (error) {
      if (error instanceof Failure && error.code === 'locked') this.#gone = error;
      throw error;
    }
  }
}
