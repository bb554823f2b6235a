import { Failure, reasonOf } from '../../errors.ts';
import { firstProgress, type DrainProgress } from '../../rollout/drained.ts';
import { sameServer, serverPath, type AdminState, type Server } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import type { Clock, OldWorker, ServerLook } from '../ports/ports.ts';
import { sightOf, type Sight } from './sight.ts';
import { findState, stateOf, type ServerAccess } from './traffic.ts';
import type { Watch } from '../waiting/watch.ts';
import type { StepWatch } from './work.ts';

/** How often a barrier is looked at while something else goes on. */
const GUARD_EVERY_MS = 50;

/** HAProxy was given another configuration, without the server. */
export class Gone extends Failure {
  constructor({ server }: ServerAccess) {
    const where = `${serverPath(server)} on ${server.balancer.host}`;
    super('haproxy', `Cannot go on with ${where}: HAProxy has no such server any more`);
  }
}

interface Raising {
  /** The state that the server was found in; one in maintenance is to stay in it. */
  readonly admin?: AdminState;
  /** Barriers that were put up before, this server's or others'. */
  readonly earlier?: readonly Barrier[];
  /** An earlier look, for retries that have begun since then. */
  readonly before?: ServerLook | undefined;
  /** Taken just now; undefined: it is taken. */
  readonly sight?: Sight | undefined;
}

/** The process that answers, and where it has the server. */
interface Worker {
  readonly pid: number;
  readonly address: string;
}

interface Change {
  readonly was: Worker;
  readonly now: Worker;
  readonly isDraining: boolean;
}

/**
 * What keeps requests from one server: weight 0, a silenced agent-check, later maintenance too.
 *
 * Others may take it down. A reload starts a new worker with the configured weight and state, while the old one still
 * serves what it has; so does a restart, without an old one; and anybody may set a weight or a state. Whenever the
 * barrier looks and finds itself down, it is put up again and says so.
 */
export class Barrier {
  readonly access: ServerAccess;
  readonly #before = new Set<number>();
  /** What the looks of a drain so far amount to. */
  progress: DrainProgress;
  #pid: number;
  #address: string;
  #isClosed: boolean;
  #isUnsure = false;
  #isLowered = false;
  #isQuiet = false;
  #timesDown = 0;

  private constructor(access: ServerAccess, { look, state }: Sight, { admin, before }: Raising) {
    this.access = access;
    this.progress = firstProgress(before ?? look);
    this.#pid = look.pid;
    if (before && before.pid !== look.pid) this.#before.add(before.pid);
    this.#address = addressOf(state);
    this.#isClosed = admin === 'maint';
  }

  /**
   * Weight 0: no new requests but those of sticky clients. What an earlier barrier of the same server knows of old
   * workers is remembered, and so is that it is in maintenance.
   */
  static async raise(access: ServerAccess, watch: Watch, raising: Raising = {}): Promise<Barrier> {
    const sight = raising.sight ?? (await sightOf(access));
    const barrier = new Barrier(access, sight, raising);
    const own = (raising.earlier ?? []).filter(({ server }) => sameServer(server, access.server));
    for (const one of own) barrier.#inherit(one);
    await barrier.#putUp(sight.state.hasAgent);
    for (const one of own) await barrier.#remarkChange({ was: one, now: barrier, isDraining: true }, watch);
    return barrier;
  }

  /** The same as one of these, in the place of one that was put up before at the same server. */
  static async raiseAmong(
    barriers: Barrier[],
    access: ServerAccess,
    watch: Watch,
    raising: Omit<Raising, 'earlier'>,
  ): Promise<Barrier> {
    const barrier = await Barrier.raise(access, watch, { ...raising, earlier: barriers });
    const known = barriers.findIndex(({ server }) => sameServer(server, access.server));
    barriers.splice(known < 0 ? barriers.length : known, 1, barrier);
    return barrier;
  }

  #inherit(earlier: Barrier): void {
    for (const pid of [...earlier.#before, earlier.#pid]) if (pid !== this.#pid) this.#before.add(pid);
    this.#isClosed ||= earlier.#isClosed && !earlier.#isLowered;
  }

  get server(): Server {
    return this.access.server;
  }

  /** Of the worker that it was put up at last. */
  get pid(): number {
    return this.#pid;
  }

  /** The server's, as that worker has it. */
  get address(): string {
    return this.#address;
  }

  /** How often it has been found down and put up again. */
  get timesDown(): number {
    return this.#timesDown;
  }

  /** Nothing is in hand behind it, and nobody has been let in since that was seen. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** It was seen that nothing is in hand, or given up. */
  quieted(): void {
    this.#isQuiet = true;
  }

  /** The server is put back: from now on nobody looks after it. */
  lower(): void {
    this.#isLowered = true;
    this.#isQuiet = false;
  }

  get isLowered(): boolean {
    return this.#isLowered;
  }

  /** It is in maintenance, as far as is known. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Maintenance as well: nobody comes any more, pooled connections are closed. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.access.balancer.setAdmin(this.server, 'maint');
  }

  /**
   * Looks at the server, and puts the barrier up again where it was taken down. `isDraining`: whoever was let in meanwhile
   * is waited for next.
   *
   * @throws Gone when HAProxy has no such server any more
   */
  async look(watch: Watch, isDraining = true): Promise<ServerLook> {
    const look = await this.#sight();
    if (look.pid !== this.#pid) await this.#afterReload(look, watch, isDraining);
    else if (look.weight !== 0 || (this.#isClosed && look.admin !== 'maint')) {
      this.#wentDown();
      await this.#putUp((await stateOf(this.access)).hasAgent);
      const { weight, admin } = look;
      watch.remark({ about: 'changed-by-another', server: this.server, weight, admin, then: 'taken out again' });
    }
    return look;
  }

  /** Whether something is attached to the server still, as HAProxy itself has it; undefined: it does not say. */
  async isHeld(): Promise<boolean | undefined> {
    return this.#isClosed ? this.access.balancer.isHeld(this.server) : undefined;
  }

  /** What still serves requests for the server, or may: old workers, whenever a reload has left them behind. */
  async oldWorkers(watch: Watch): Promise<readonly OldWorker[]> {
    const { balancer } = this.access;
    const listed = await balancer.oldWorkers(this.server);
    if (!listed && !this.#isUnsure) watch.remark({ about: 'old-workers-unknown', server: this.server });
    this.#isUnsure = !listed;
    const others: OldWorker[] = [];
    for (const pid of this.#before) {
      if (listed?.some((worker) => worker.pid === pid)) continue;
      // Where nothing is to be seen, that it is not seen says nothing.
      if (!listed || (await balancer.processRuns(pid))) others.push({ pid, current: undefined });
      else this.#before.delete(pid);
    }
    return [...(listed ?? []), ...others].filter(({ current }) => current !== 0);
  }

  async #sight(): Promise<ServerLook> {
    try {
      return await this.access.balancer.look(this.server);
    } catch (error) {
      const isAnswer = error instanceof Failure && error.code === 'haproxy';
      if (!isAnswer || (await findState(this.access))) throw error;
      // The process that had it goes on with what it has in hand.
      this.#before.add(this.#pid);
      throw new Gone(this.access);
    }
  }

  async #afterReload({ pid }: ServerLook, watch: Watch, isDraining: boolean): Promise<void> {
    this.#wentDown();
    const state = await stateOf(this.access);
    await this.#putUp(state.hasAgent);
    this.#before.add(this.#pid);
    const now: Worker = { pid, address: addressOf(state) };
    await this.#remarkChange({ was: this, now, isDraining }, watch);
    this.#pid = now.pid;
    this.#address = now.address;
  }

  /** Says so when another worker serves than before, and when that has the server at another address. */
  async #remarkChange({ was, now, isDraining }: Change, watch: Watch): Promise<void> {
    const { server } = this;
    const { balancer } = this.access;
    if (was.pid !== now.pid) {
      const isReload = await balancer.processRuns(was.pid);
      // Where the new process is not to be seen either, that the old one is not says nothing.
      const isSeen = isReload || (await balancer.processRuns(now.pid));
      const about = isReload ? 'balancer-reloaded' : isSeen ? 'balancer-restarted' : 'balancer-began-anew';
      watch.remark({ about, server, pid: now.pid, before: was.pid, isDraining });
    }
    if (was.address !== now.address) watch.remark({ about: 'moved', server, from: was.address, to: now.address });
  }

  #wentDown(): void {
    this.#timesDown += 1;
    this.#isQuiet = false;
  }

  /** An agent-check that speaks would take it down again. */
  async #putUp(hasAgent: boolean): Promise<void> {
    const { balancer } = this.access;
    if (hasAgent) await balancer.setAgent(this.server, false);
    await balancer.setWeight(this.server, 0);
    if (this.#isClosed) await balancer.setAdmin(this.server, 'maint');
  }
}

function addressOf({ address, port }: ServerState): string {
  return `${address}:${port}`;
}

/**
 * Does something while the barriers are kept up, those too that come in the meantime, and `alsoLook` looks around. Their trouble does not stop it: what is
 * behind them is down anyway. But there is no way forward with a server that is gone: the signal that the action is
 * given aborts then.
 *
 * @throws Gone, once the action has ended, unless the way leads home
 */
export async function behind<T>(
  barriers: () => readonly Barrier[],
  watch: Watch & Pick<StepWatch, 'homeward'>,
  action: (signal: AbortSignal) => Promise<T>,
  alsoLook: () => Promise<void> = async () => undefined,
): Promise<T> {
  const over = new AbortController();
  const gone = new AbortController();
  const lookAround = async (): Promise<void> => {
    const kept = barriers().filter(({ isLowered }) => !isLowered);
    const looks = [...kept.map((barrier) => () => barrier.look(watch, false)), alsoLook];
    for (const look of looks) {
      try {
        await look();
      } catch (error) {
        if (error instanceof Gone && !watch.homeward) gone.abort(error);
        else watch.waiting({ for: 'answer', why: reasonOf(error) });
      }
    }
  };
  let isDone = false;
  const guard = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await lookAround();
      await watch.clock.sleep(GUARD_EVERY_MS, over.signal);
    }
    // What has happened since the last look would be told by nobody.
    if (isDone) await lookAround();
  };
  const guarding = guard();
  let result: T;
  try {
    result = await action(watch.homeward ? watch.signal : AbortSignal.any([watch.signal, gone.signal]));
    isDone = true;
  } finally {
    over.abort('the action has ended');
    await guarding;
  }
  gone.signal.throwIfAborted();
  return result;
}

/** A clock whose sleeps are behind the barriers, whichever there are then. */
export function sleepingBehind(barriers: () => readonly Barrier[], watch: StepWatch): Clock {
  const { clock } = watch;
  return {
    now: () => clock.now(),
    date: () => clock.date(),
    sleep: (ms, signal) => {
      const kept = barriers().filter(({ isLowered }) => !isLowered);
      if (kept.length === 0) return clock.sleep(ms, signal);
      // A server that is gone is for whoever acts next.
      return behind(barriers, { ...watch, homeward: true }, () => clock.sleep(ms, signal));
    },
  };
}
