import { Failure } from '../../errors.ts';
import type { Balancer } from '../../rollout/model.ts';
import type { BackendState, ServerState } from '../../rollout/observed.ts';
import type { BalancerFacts, HostAccess } from '../ports/ports.ts';
import { placeOn, type NamedPlace } from './sockets.ts';

/** Which balancers the servers of hosts are looked for in. */
export interface Fronts {
  readonly place: NamedPlace;
  /** The hosts of central balancers; undefined: each host's own is in front of it. */
  readonly balancers: readonly string[] | undefined;
}

/** One balancer in front of a host. */
export interface Front {
  readonly balancer: Balancer;
  readonly facts: BalancerFacts;
  readonly backends: readonly BackendState[];
  /** Those of the host. */
  readonly servers: readonly ServerState[];
}

/**
 * The balancers in front of a host, and its servers there: all that its own has, and of a central one those that send
 * requests to an address of the host.
 *
 * @throws Failure `config` when a central balancer has no server of the host
 */
export async function frontsOf(
  host: HostAccess,
  { place, balancers }: Fronts,
  access: (name: string) => Promise<HostAccess>,
): Promise<readonly Front[]> {
  if (balancers === undefined) return [await lookAt(host, place, () => true)];
  const addresses = await host.addresses();
  return Promise.all(
    balancers.map(async (name) => {
      const front = await lookAt(await access(name), place, ({ address }) => addresses.includes(address));
      if (front.servers.length > 0) return front;
      const known = `no server at an address of ${host.name} (${addresses.join(', ')})`;
      throw new Failure('config', `Cannot find the servers of ${host.name}: HAProxy on ${name} has ${known}`);
    }),
  );
}

async function lookAt(host: HostAccess, named: NamedPlace, isIts: (state: ServerState) => boolean): Promise<Front> {
  const place = await placeOn(host, named);
  const api = host.balancer(place);
  const [facts, backends] = await Promise.all([api.facts(), api.backends()]);
  const servers = backends.flatMap((backend) => backend.servers).filter(isIts);
  return { balancer: { host: host.name, ...place }, facts, backends, servers };
}
