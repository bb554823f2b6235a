/** What a maintenance does to the hosts, and in which order; decided before anything is touched. */
import { floorOf, isUsable, usableIn } from './capacity.ts';
import { count } from './count.ts';
import { sameServer, serverKey, type MinUp, type Server } from './model.ts';
import type { BackendState, ServerState } from './observed.ts';

/** What is done on each host once no request reaches it; one of `command` and `reboot` at least. */
export interface MaintenanceWork {
  /** A line for the host's shell. */
  readonly command: string | undefined;
  /** The line that reboots it; undefined: it is not rebooted. */
  readonly reboot: string | undefined;
  readonly containers: 'keep' | 'stop';
}

export interface HostMaintenance {
  readonly host: string;
  /** Those at central balancers, which let go first, and those of its own, which do last. */
  readonly central: readonly ServerState[];
  readonly own: readonly ServerState[];
  /** The containers that run, and are to run again. */
  readonly running: readonly string[];
  /** Those of them that are stopped meanwhile. */
  readonly stopped: readonly string[];
}

export interface MaintenancePlan {
  readonly work: MaintenanceWork;
  readonly batches: readonly (readonly HostMaintenance[])[];
  /** What clients will see, in sentences. */
  readonly consequences: readonly string[];
}

/** The subject of what is done to a host as a whole. No container is called so. */
export const THE_HOST = 'the host';

export function serversIn({ central, own }: HostMaintenance): readonly Server[] {
  return [...central, ...own].map(({ server }) => server);
}

/** Backends of which nothing is left that could serve: of a host's own balancer, that is what it is for. */
export function emptiedBy(
  hosts: readonly HostMaintenance[],
  backends: readonly BackendState[],
): readonly BackendState[] {
  const taken = new Set(hosts.flatMap(serversIn).map(serverKey));
  return backends.filter(({ servers }) => {
    const usable = servers.filter(isUsable);
    return usable.length > 0 && usable.every(({ server }) => taken.has(serverKey(server)));
  });
}

/** Central backends that a batch would leave with less than they may have, in sentences. */
export function shortagesOf(
  batches: readonly (readonly HostMaintenance[])[],
  backends: readonly BackendState[],
  minUp: MinUp,
): readonly { readonly host: string; readonly text: string }[] {
  return backends.flatMap((backend) => {
    const usable = usableIn(backend);
    const floor = floorOf(minUp, backend);
    const isIts = (state: ServerState): boolean =>
      isUsable(state) && backend.servers.some(({ server }) => sameServer(server, state.server));
    const taken = batches.map((batch) => batch.flatMap(({ central }) => central).filter(isIts).length);
    const most = Math.max(0, ...taken);
    if (most === 0 || usable - most >= floor) return [];
    const what = `would leave ${usable - most} of ${count(usable, 'usable server')} in backend ${backend.name}`;
    return [{ host: backend.balancer.host, text: `The maintenance ${what}, and min_up asks for ${floor}` }];
  });
}
