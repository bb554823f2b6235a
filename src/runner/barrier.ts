import { reasonOf } from '../errors.ts';
import { serverPath, type Server } from '../rollout/model.ts';
import type { ServerLook } from './ports.ts';
import type { ServerAccess } from './traffic.ts';
import type { Watch } from './watch.ts';

/** How often a barrier is looked at while something else goes on. */
const GUARD_EVERY_MS = 50;

/**
 * What keeps requests from one server: weight 0, later maintenance too.
 *
 * A reload starts a new worker with the configured weight and state, while the old one still serves what it has. The
 * barrier knows the process it was put up in: whenever it looks and finds another one, it is put up again there, says
 * so, and remembers the old worker.
 */
export class Barrier {
  readonly access: ServerAccess;
  readonly #oldWorkers = new Set<number>();
  #pid: number;
  #isClosed = false;

  private constructor(access: ServerAccess, pid: number) {
    this.access = access;
    this.#pid = pid;
  }

  /** Weight 0: no new requests but those of sticky clients. */
  static async raise(access: ServerAccess): Promise<Barrier> {
    // The process comes first: if it changes before the weight is set, the first look finds out.
    const { pid } = await access.balancer.look(access.server);
    await access.balancer.setWeight(access.server, 0);
    return new Barrier(access, pid);
  }

  get server(): Server {
    return this.access.server;
  }

  /** Maintenance as well: nobody comes any more, pooled connections are closed. */
  async close(): Promise<void> {
    await this.access.balancer.setAdmin(this.server, 'maint');
    this.#isClosed = true;
  }

  /** Looks at the server, and puts the barrier up again where a reload has taken it down. */
  async look(watch: Watch): Promise<ServerLook> {
    const { balancer } = this.access;
    const look = await balancer.look(this.server);
    if (look.pid === this.#pid) return look;
    await balancer.setWeight(this.server, 0);
    if (this.#isClosed) await balancer.setAdmin(this.server, 'maint');
    watch.remark({ about: 'balancer-reloaded', server: this.server, pid: look.pid, before: this.#pid });
    this.#oldWorkers.add(this.#pid);
    this.#pid = look.pid;
    return look;
  }

  /** Old workers that still run, as of now, and may still serve what they had. */
  async oldWorkers(): Promise<readonly number[]> {
    for (const pid of this.#oldWorkers) {
      if (!(await this.access.host.processRuns(pid))) this.#oldWorkers.delete(pid);
    }
    return [...this.#oldWorkers];
  }
}

/** Does something while the barriers are kept up. Their trouble does not stop it: what is behind them is down anyway. */
export async function behind<T>(barriers: readonly Barrier[], watch: Watch, action: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const guard = async (): Promise<void> => {
    while (!over.signal.aborted) {
      for (const barrier of barriers) {
        const [looked] = await Promise.allSettled([barrier.look(watch)]);
        if (looked.status === 'rejected') {
          const why = `${serverPath(barrier.server)}: ${reasonOf(looked.reason)}`;
          watch.waiting({ for: 'answer', why, leftMs: 0 });
        }
      }
      await watch.clock.sleep(GUARD_EVERY_MS, over.signal);
    }
  };
  const guarding = guard();
  try {
    return await action();
  } finally {
    over.abort();
    await guarding;
  }
}
