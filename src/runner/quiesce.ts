import { Failure } from '../errors.ts';
import { serverPath, type AdminState, type DrainPolicy } from '../rollout/model.ts';
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
 * @throws Failure `haproxy` when requests are left at the deadline and the policy is `fail`
 */
export async function quiesce(servers: readonly Quiet[], policy: DrainPolicy, watch: Watch): Promise<void> {
  const deadline = watch.clock.now() + policy.timeoutMs;
  for (const { access } of servers) await access.balancer.setWeight(access.server, 0);
  for (const server of servers) await quiesceOne(server, { policy, deadline }, watch);
}

async function quiesceOne(
  { access, admin }: Quiet,
  { policy, deadline }: { readonly policy: DrainPolicy; readonly deadline: number },
  watch: Watch,
): Promise<void> {
  const { server, balancer } = access;
  const remaining = (): number => Math.max(0, deadline - watch.clock.now());
  const soft = (): Promise<void> => balancer.setWeight(server, 0);

  const first = await untilDrained(access, { withinMs: remaining(), barrier: soft }, watch);
  if (!first.drained) {
    if (policy.onTimeout === 'fail') throw notDrained(access, first.pending, policy);
    watch.remark({ about: 'not-drained', server, sessions: first.pending, then: policy.onTimeout });
  }
  if (admin !== 'maint') await balancer.setAdmin(server, 'maint');
  if (!first.drained && policy.onTimeout === 'shutdown_sessions') await balancer.shutdownSessions(server);

  const hard = async (): Promise<void> => {
    await soft();
    await balancer.setAdmin(server, 'maint');
  };
  const withinMs = Math.max(remaining(), CUT_WITHIN_MS);
  const second = await untilDrained(access, { withinMs, barrier: hard }, watch);
  if (!second.drained && policy.onTimeout === 'fail') throw notDrained(access, second.pending, policy);
}

function notDrained({ server, host }: ServerAccess, pending: number, { timeoutMs }: DrainPolicy): Failure {
  const what = `${pending} ${pending === 1 ? 'request' : 'requests'} still in hand after ${timeoutMs / 1000} s`;
  return new Failure('haproxy', `Cannot drain ${serverPath(server)} on ${host.name}: ${what} (on_timeout: fail)`);
}
