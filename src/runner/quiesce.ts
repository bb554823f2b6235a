import { Failure } from '../errors.ts';
import { serverPath, type AdminState, type DrainPolicy } from '../rollout/model.ts';
import { Barrier } from './barrier.ts';
import { untilDrained, type ServerAccess } from './traffic.ts';
import type { Watch } from './watch.ts';

/** After `shutdown sessions` HAProxy needs a moment until its counters show it (100 ms seen). */
const CUT_WITHIN_MS = 5_000;

interface Quiet {
  readonly access: ServerAccess;
  /** The state it was found in; one in maintenance stays in it. */
  readonly admin: AdminState;
}

/**
 * Sets the servers to weight 0, waits until nothing is in hand, and puts them in maintenance: weight 0 sends new
 * requests elsewhere and lets those in hand finish; maintenance also turns away sticky clients and closes pooled
 * connections, and comes second because with `on-marked-down shutdown-sessions` it would cut what is in hand.
 *
 * @returns what keeps requests away from now on, to be looked after for as long as the servers are away
 * @throws Failure `haproxy` when requests are left at the deadline and the policy is `fail`
 */
export async function quiesce(
  servers: readonly Quiet[],
  policy: DrainPolicy,
  watch: Watch,
): Promise<readonly Barrier[]> {
  const deadline = watch.clock.now() + policy.timeoutMs;
  const barriers: Barrier[] = [];
  for (const { access } of servers) barriers.push(await Barrier.raise(access));
  for (const [index, barrier] of barriers.entries()) {
    const isOut = servers[index]?.admin === 'maint';
    await quiesceOne(barrier, { policy, deadline, isOut }, watch);
  }
  return barriers;
}

interface Terms {
  readonly policy: DrainPolicy;
  readonly deadline: number;
  readonly isOut: boolean;
}

async function quiesceOne(barrier: Barrier, { policy, deadline, isOut }: Terms, watch: Watch): Promise<void> {
  const { access, server } = barrier;
  const remaining = (): number => Math.max(0, deadline - watch.clock.now());
  const tell = (sessions: number): void => {
    if (policy.onTimeout === 'fail') throw notDrained(access, sessions, policy);
    watch.remark({ about: 'not-drained', server, sessions, then: policy.onTimeout });
  };

  const first = await untilDrained(barrier, remaining(), watch);
  if (!first.drained) tell(first.pending);
  if (!isOut) await barrier.close();
  if (!first.drained && policy.onTimeout === 'shutdown_sessions') await access.balancer.shutdownSessions(server);
  const second = await untilDrained(barrier, Math.max(remaining(), CUT_WITHIN_MS), watch);
  if (!second.drained) tell(second.pending);
}

function notDrained({ server, host }: ServerAccess, pending: number, { timeoutMs }: DrainPolicy): Failure {
  const what = `${pending} ${pending === 1 ? 'request' : 'requests'} still in hand after ${timeoutMs / 1000} s`;
  return new Failure('haproxy', `Cannot drain ${serverPath(server)} on ${host.name}: ${what} (on_timeout: fail)`);
}
