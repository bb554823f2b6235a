import { Failure } from '../../errors.ts';
import { count } from '../../rollout/count.ts';
import { serverPath, type AdminState, type DrainPolicy } from '../../rollout/model.ts';
import { Barrier } from './barrier.ts';
import type { Clock, ServerLook } from '../ports/ports.ts';
import { untilDrained, type Drained, type ServerAccess } from './traffic.ts';
import type { Watch } from '../waiting/watch.ts';

/** After `shutdown sessions` HAProxy needs a moment until its counters show it (100 ms seen). */
const CUT_WITHIN_MS = 5_000;

/** How often a drain clock is started anew; somebody who takes the barrier down for ever must not hold a run for ever. */
const MOST_RENEWALS = 3;

/** The drain timeout. It begins anew when others have let requests in again. */
export class DrainClock {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #deadline: number;
  #renewals = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#deadline = clock.now() + timeoutMs;
  }

  leftMs(): number {
    return Math.max(0, this.#deadline - this.#clock.now());
  }

  renew(): void {
    if (this.#renewals++ < MOST_RENEWALS) this.#deadline = this.#clock.now() + this.#timeoutMs;
  }
}

export interface Quiet {
  readonly access: ServerAccess;
  /** The state it was found in; one in maintenance stays in it. */
  readonly admin: AdminState;
  /** An earlier look, for retries that have begun since then. */
  readonly before?: ServerLook | undefined;
}

export interface Terms {
  readonly policy: DrainPolicy;
  readonly clock: DrainClock;
  /** Done at every look; what it throws ends the wait. */
  readonly alsoLook?: () => Promise<void>;
}

/**
 * Sets the servers to weight 0, waits until nothing is in hand, and puts them in maintenance: weight 0 sends new
 * requests elsewhere and lets those in hand finish; maintenance also turns away sticky clients and closes pooled
 * connections, and comes second because with `on-marked-down shutdown-sessions` it would cut what is in hand.
 *
 * `earlier`: barriers that were put up before for the same servers.
 *
 * @returns what keeps requests away from now on, to be looked after for as long as the servers are away
 * @throws Failure `haproxy` when requests are left at the deadline and the policy is `fail`
 */
export async function quiesce(
  servers: readonly Quiet[],
  policy: DrainPolicy,
  watch: Watch,
  earlier: readonly Barrier[] = [],
): Promise<readonly Barrier[]> {
  const clock = new DrainClock(watch.clock, policy.timeoutMs);
  const barriers: Barrier[] = [];
  for (const { access, ...how } of servers) barriers.push(await Barrier.raise(access, watch, { ...how, earlier }));
  await untilQuiet(barriers, { policy, clock }, watch);
  return barriers;
}

/**
 * The second half of `quiesce`, behind barriers that are up already. All of them are looked after all the while: one
 * that was taken down while another was waited for is waited for anew.
 */
export async function untilQuiet(barriers: readonly Barrier[], terms: Terms, watch: Watch): Promise<void> {
  const untilIts = async (barrier: Barrier): Promise<void> => {
    const alsoLook = async (): Promise<void> => {
      for (const other of barriers) if (other !== barrier) await other.look(watch);
      await terms.alsoLook?.();
    };
    await untilOneIsQuiet(barrier, { ...terms, alsoLook }, watch);
    barrier.quieted();
  };
  for (let round = 0; round <= MOST_RENEWALS; round += 1) {
    for (const barrier of barriers) if (!barrier.isQuiet) await untilIts(barrier);
  }
}

async function untilOneIsQuiet(barrier: Barrier, terms: Terms, watch: Watch): Promise<void> {
  const { access, server } = barrier;
  const { policy, clock } = terms;
  const tell = (seen: Drained): void => {
    if (policy.onTimeout === 'fail') throw notDrained(access, seen, policy);
    watch.remark({ about: 'not-drained', server, sessions: seen.pending, then: policy.onTimeout });
  };
  const wait = async (atLeastMs: number): Promise<Drained> => {
    for (;;) {
      const seen = await untilDrained(barrier, Math.max(clock.leftMs(), atLeastMs), watch, terms.alsoLook);
      if (seen.end !== 'disturbed') return seen;
      clock.renew();
    }
  };

  const first = await wait(0);
  if (first.end === 'late') tell(first);
  await barrier.close();
  if (first.end === 'late' && policy.onTimeout === 'shutdown_sessions') await access.balancer.shutdownSessions(server);
  const second = await wait(CUT_WITHIN_MS);
  if (second.end === 'late') tell(second);
}

function notDrained({ server }: ServerAccess, seen: Drained, { timeoutMs }: DrainPolicy): Failure {
  const why = `${whatIsLeft(seen)} after ${timeoutMs / 1000} s (on_timeout: fail)`;
  return new Failure('haproxy', `Cannot drain ${serverPath(server)} on ${server.balancer.host}: ${why}`);
}

function whatIsLeft({ pending, oldWorkers }: Drained): string {
  const pids = oldWorkers.map(({ pid }) => pid).join(', ');
  if (pending > 0) {
    const requests = `${count(pending, 'request')} still in hand`;
    return pids === '' ? requests : `${requests}, some in HAProxy's old worker ${pids},`;
  }
  return pids === ''
    ? 'HAProxy is still retrying requests to it'
    : `HAProxy's old worker ${pids} still runs, and nobody can tell what it has,`;
}
