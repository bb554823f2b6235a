/** A host as a whole out of service, at central balancers, whose backends keep `min_up`, and at its own. */
import type { HostMaintenance } from '../../rollout/maintenance.ts';
import { sameServer, type Server } from '../../rollout/model.ts';
import { Barrier } from '../instance/barrier.ts';
import { takeAboveFloor, type Floor } from '../instance/floor.ts';
import { foundOf } from '../instance/found.ts';
import type { HeldHost } from '../hosts/held-hosts.ts';
import type { MaintainRequest } from './maintain-plan.ts';
import type { RecordEntry } from '../ports/ports.ts';
import { DrainClock, untilQuiet } from '../instance/quiesce.ts';
import { giveHostBack, untilSpare } from '../instance/take-out.ts';
import { stateOf } from '../instance/traffic.ts';
import type { Turns } from '../instance/turns.ts';
import type { Watch } from '../waiting/watch.ts';
import type { Found } from '../instance/work.ts';

interface Leaving {
  readonly plan: HostMaintenance;
  readonly request: Pick<MaintainRequest, 'policy' | 'minUp'>;
  readonly held: HeldHost;
  readonly turns: Turns;
  /** How all of its servers were found. */
  readonly entries: readonly RecordEntry[];
  /** Gets what keeps requests away, one by one. */
  readonly barriers: Barrier[];
}

/**
 * Central balancers let go first: what they have sent may be on its way through its own. When others bring one of their
 * backends below its floor meanwhile, the host is given back, and taken anew when there is capacity again.
 */
export async function takeHostOut(leaving: Leaving, watch: Watch): Promise<string> {
  const { plan, request, held, barriers } = leaving;
  const { policy } = request;
  const clock = new DrainClock(watch.clock, policy.timeoutMs);
  const take = (): Promise<void> => takeCentral(leaving, clock, watch);
  const quiet = async (alsoLook: () => Promise<void>): Promise<void> => {
    const terms = { policy, clock, alsoLook };
    await untilQuiet(barriers, terms, watch);
    for (const { server } of plan.own) {
      const access = held.reach(server);
      const { admin } = await stateOf(access);
      await Barrier.raiseAmong(barriers, access, watch, { admin });
    }
    await untilQuiet(barriers, terms, watch);
  };
  const giveBack = (): Promise<void> => letBackIn(leaving, watch);
  await takeAboveFloor(centralFloor(leaving), { take, untilQuiet: quiet, giveBack }, clock, watch);
  return `${barriers.length} servers drained, in maint`;
}

/** Backends of its own balancer lose everything, which is asked about. */
export function centralFloor(leaving: Omit<Leaving, 'barriers' | 'turns'>): Floor {
  const { plan, request } = leaving;
  const away = foundAt(plan.central, leaving);
  return { host: plan.host, away: () => away, minUp: request.minUp };
}

async function takeCentral(leaving: Leaving, clock: DrainClock, watch: Watch): Promise<void> {
  const { plan, request, held, turns, barriers } = leaving;
  const servers = plan.central.map(({ server }) => held.reach(server));
  if (servers.length === 0) return;
  const sparing = { turns, servers, host: held.access, instance: { minUp: request.minUp } };
  await untilSpare(sparing, clock, watch, async (sights) => {
    for (const sight of sights)
      await Barrier.raiseAmong(barriers, sight.access, watch, { admin: sight.state.admin, sight });
    return true;
  });
}

/** Those of its own first: central ones may look at the host through them. */
async function letBackIn(leaving: Leaving, watch: Watch): Promise<void> {
  const { plan, barriers } = leaving;
  const own = plan.own.filter(({ server }) => barriers.some((one) => sameServer(one.server, server)));
  for (const barrier of barriers) barrier.lower();
  await giveHostBack(foundAt(own, leaving), watch);
  await giveHostBack(foundAt(plan.central, leaving), watch);
}

function foundAt(
  states: readonly { readonly server: Server }[],
  { held, entries }: Pick<Leaving, 'held' | 'entries'>,
): readonly Found[] {
  return states.flatMap(({ server }) => {
    const entry = entries.find((one) => sameServer(one.server, server));
    return entry ? [foundOf(entry, held.reach(server))] : [];
  });
}
