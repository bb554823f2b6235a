/** How much each backend can serve while a play is carried out. */
import { mostAway, oneByOne, type AtOnce } from './at-once.ts';
import { floorOf, isOf, isUsable, usableIn } from './capacity.ts';
import { unitsOf } from './company.ts';
import { placeName, serversOf, type Server } from './model.ts';
import type { BackendState } from './observed.ts';
import type { BatchPlan, FleetFacts, HostPlan, InstancePlan } from './plan.ts';

/** How much a backend can serve during the play: usable servers now, at the worst moment, and the floor. */
export interface CapacityPlan {
  readonly host: string;
  readonly socket: string;
  readonly backend: string;
  readonly servers: number;
  readonly usable: number;
  readonly usableAtWorst: number;
  readonly floor: number;
  /** A container that leaves a slot of it would be one too many: `floor` cannot be kept however it is done. */
  readonly cannotLeave?: true;
}

/**
 * The worst moment of a backend: the batch that takes most of its usable servers at once, or, in a window, so many of
 * all hosts. A host takes the servers of its largest instance, or of as many as it has in work at once; a
 * company is all in work.
 */
export function capacityOf(
  batches: readonly BatchPlan[],
  facts: FleetFacts,
  atOnce: AtOnce = oneByOne,
): CapacityPlan[] {
  const together =
    atOnce.window === undefined ? batches.map(({ hosts }) => hosts) : [batches.flatMap(({ hosts }) => hosts)];
  return facts.backends.flatMap((backend): CapacityPlan[] => {
    const all = batches.flatMap((batch) => batch.hosts.flatMap((host) => host.instances));
    const users = all.filter(({ instance }) => serversOf(instance).some((server) => isOf(backend, server)));
    const fronts = batches
      .flatMap(({ hosts }) => hosts.flatMap(({ front }) => front ?? []))
      .filter(({ servers }) => servers.some((server) => isOf(backend, server)));
    if (users.length + fronts.length === 0) return [];
    const usable = usableIn(backend);
    const away = (hosts: readonly HostPlan[]): number =>
      mostAway(takenFrom(backend, hosts), atOnce) + hostsAway(backend, hosts, atOnce);
    const taken = Math.max(...together.map(away));
    const floors = [...users.map(({ instance }) => instance.minUp), ...fronts.map(({ minUp }) => minUp)];
    const floor = Math.max(...floors.map((minUp) => floorOf(minUp, backend)));
    return [
      {
        ...{ host: backend.balancer.host, socket: placeName(backend.balancer), backend: backend.name },
        ...{ servers: backend.servers.length, usable, usableAtWorst: usable - taken, floor },
        ...(usable < floor && users.some(leavesSlot) && { cannotLeave: true as const }),
      },
    ];
  });
}

/** The usable servers of hosts that are taken out as a whole: a host stays out for as long as it is in work. */
function hostsAway(backend: BackendState, hosts: readonly HostPlan[], atOnce: AtOnce): number {
  const taken = hosts.map((host) =>
    host.front && host.instances.some(({ action }) => action !== 'leave')
      ? [usableOf(host.front.servers, backend).length]
      : [0],
  );
  return mostAway(taken, { ...atOnce, perHost: 1, inAll: undefined });
}

function leavesSlot({ action, instance }: InstancePlan): boolean {
  return action !== 'leave' && instance.leaving !== undefined;
}

/** The usable servers that are taken from the backend as one, by each instance of each host or by its company. */
function takenFrom(backend: BackendState, hosts: readonly HostPlan[]): readonly (readonly number[])[] {
  return hosts.map(({ instances }) =>
    unitsOf(instances).map((unit) => {
      const names = unit.flatMap(({ action, instance }) =>
        action === 'leave' ? [] : usableOf(instance.servers, backend),
      );
      return new Set(names).size;
    }),
  );
}

function usableOf(servers: readonly Server[], backend: BackendState): readonly string[] {
  const names = servers.filter((server) => isOf(backend, server)).map((server) => server.name);
  const usable = backend.servers.filter((state) => isUsable(state) && names.includes(state.server.name));
  return usable.map(({ server }) => server.name);
}
