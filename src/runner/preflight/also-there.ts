import { isAt, placesOf, type Place } from '../../rollout/discover.ts';
import {
  balancerKey,
  keepsContainer,
  sameServer,
  serverPath,
  serversOf,
  specsOf,
  type Instance,
  type Server,
} from '../../rollout/model.ts';
import type { BackendState, Container, ServerState } from '../../rollout/observed.ts';
import { stateOf } from '../../rollout/plan.ts';
import { problem, type Finding } from '../hosts/findings.ts';
import type { HostAccess } from '../ports/ports.ts';
import { followersOf, followerText } from './followers.ts';

interface Whereabouts {
  /** The one that is there. */
  readonly container?: Pick<Container, 'published'> | undefined;
  readonly host: Pick<HostAccess, 'name' | 'addresses'>;
  /** Of its slots, as other plays of the run name them: which one it is in is decided anew when their turn comes. */
  readonly inSlots?: readonly Server[];
}

/**
 * Other servers of the same HAProxys that send requests to where an instance is, and that nobody would drain: those in
 * other backends, under other names, or to another of its ports; and those that track it, which HAProxy would take out
 * with it.
 */
export async function alsoThere(
  instance: Instance,
  all: readonly BackendState[],
  where: Whereabouts,
): Promise<readonly Finding[]> {
  try {
    return await othersThere(instance, all, where);
  } catch (error) {
    return [problem(where.host.name, error)];
  }
}

async function othersThere(instance: Instance, all: readonly BackendState[], where: Whereabouts): Promise<Finding[]> {
  const own = serversOf(instance);
  const states = own.flatMap((server) => stateOf(server, all) ?? []).filter(({ port }) => port !== 0);
  const asked = new Addresses(where.host);
  const named = [...own, ...(where.inSlots ?? [])];
  const found = await Promise.all(
    states.map(async (state): Promise<Finding[]> => {
      const { server } = state;
      const others = all
        .filter(({ balancer }) => balancerKey(balancer) === balancerKey(server.balancer))
        .flatMap(({ servers }) => servers)
        // One in maintenance gets no requests.
        .filter((one) => one.admin !== 'maint' && !named.some((mine) => sameServer(mine, one.server)));
      const followers = followersOf(server, all).filter((one) => others.includes(one) && !isSamePlace(one, state));
      const beside = others.filter((one) => isSamePlace(one, state));
      const elsewhere = others.filter((one) => !isSamePlace(one, state) && one.port !== 0);
      const places = await placesBeside(elsewhere, { instance, state, container: where.container, asked });
      return [
        ...beside.map((one) => besideText(one, instance, `as ${serverPath(server)} does`)),
        ...elsewhere
          .filter((one) => places.some((place) => isAt(one, place)))
          .map((one) => besideText(one, instance, `where ${instance.container} is, too`)),
        ...followers.map((one) => followerText(one, server)),
      ].map((text) => ({ kind: 'problem', host: server.balancer.host, text }));
    }),
  );
  return unique(found.flat());
}

interface Beside {
  readonly instance: Instance;
  /** Of one of its servers: its container is at that address, whatever others call it. */
  readonly state: ServerState;
  readonly container: Whereabouts['container'];
  readonly asked: Addresses;
}

/** Where else the instance is, or will be; the host is asked for its addresses only where that can make a difference. */
async function placesBeside(
  servers: readonly ServerState[],
  { instance, state, container, asked }: Beside,
): Promise<readonly Place[]> {
  const { server, address } = state;
  const isNear = server.balancer.host === instance.host;
  // A container that stays has the ports that it has.
  const declared = keepsContainer(instance) ? [] : specsOf(instance);
  const specs = [...declared, ...(container ? [{ ports: undefined, networks: undefined }] : [])];
  const known = (addresses: readonly string[]): readonly Place[] =>
    specs.flatMap((spec) => placesOf(spec, { addresses, published: container?.published ?? [] }, isNear));
  const isPossible = servers.some((one) => known([one.address]).some((place) => isAt(one, place)));
  return isPossible ? known([address, ...(await asked.get())]) : [];
}

/** Asked once, and only if anybody wants to know. */
class Addresses {
  readonly #host: Whereabouts['host'];
  #addresses: Promise<readonly string[]> | undefined;

  constructor(host: Whereabouts['host']) {
    this.#host = host;
  }

  get(): Promise<readonly string[]> {
    this.#addresses ??= this.#host.addresses();
    return this.#addresses;
  }
}

function besideText({ server, address, port }: ServerState, { container, servers }: Instance, where: string): string {
  const what = `${serverPath(server)} goes to ${address}:${port}, ${where}`;
  const why = `its requests to ${container} would fail, since it would not be drained`;
  const isNamed = servers.some(({ name }) => name === server.name);
  const how = isNamed
    ? 'name its backend in the playbook, too (balancer.backend may be a list)'
    : `name it in the playbook, too (balancer.backend may be a list, and server a mapping: ${server.backend}: ${server.name})`;
  return `${what}: ${why}: ${how}, or set it to maint`;
}

function isSamePlace(one: ServerState, { address, port }: ServerState): boolean {
  return one.address === address && one.port === port;
}

/** Of several servers of one instance, all would be told of the same. */
function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((one) => [`${one.host} ${one.text}`, one])).values()];
}
