/** `server: discover`: which servers of HAProxy are a container's, by where they send requests. */
import { isOf } from './capacity.ts';
import type { ContainerSpec } from './container-spec.ts';
import {
  placeName,
  serverKey,
  serverPath,
  serversOf,
  TO_BE_FOUND,
  type FrontTier,
  type Instance,
  type Server,
} from './model.ts';
import type { BackendState, PublishedAt, ServerState } from './observed.ts';

/** What is known of where the containers of a host can be reached. */
export interface Whereabouts {
  /** The host's own addresses, none of the loopback. */
  readonly addresses: readonly string[];
  /** Of the container that is there, for one whose ports are not declared. */
  readonly published: readonly PublishedAt[];
}

export interface Discovered {
  /** With the names that were found. */
  readonly instance: Instance;
  /** Why others were not, in sentences. */
  readonly problems: readonly string[];
}

/** `port` undefined: whichever, since nothing else has the address. */
export interface Place {
  readonly address: string;
  readonly port: number | undefined;
}

const EVERYWHERE = ['', '0.0.0.0', '::'];
const MOST_TOLD = 4;

export function isToBeFound({ name }: Server): boolean {
  return name === TO_BE_FOUND;
}

interface LookedAt {
  /** Whether the HAProxy of a server is one of those whose backends these are; all are unless said. */
  readonly isLookedAt?: (server: Server) => boolean;
}

/** An instance with the names of its servers, in each of its slots. */
export function discovered(
  instance: Instance,
  backends: readonly BackendState[],
  { isLookedAt = () => true, ...where }: Whereabouts & LookedAt,
): Discovered {
  const problems: string[] = [];
  const named = (servers: readonly Server[], spec: ContainerSpec): readonly Server[] =>
    servers.map((server) => {
      if (!isToBeFound(server) || !isLookedAt(server)) return server;
      const places = placesOf(spec, where, server.balancer.host === instance.host);
      if (places.length === 0 && instance.revert) {
        problems.push(lost(server, instance, 'what the container has published'));
        return server;
      }
      const whose = `${instance.container} on ${instance.host}`;
      const found = findServer(server, { whose, places, backends });
      if (typeof found !== 'string') return found.server;
      problems.push(found);
      return server;
    });
  const { slots, servers, spec } = instance;
  for (const server of instance.other?.servers ?? []) {
    if (isToBeFound(server) && isLookedAt(server)) problems.push(lost(server, instance, 'which slot they are of'));
  }
  if (!slots) return { instance: { ...instance, servers: named(servers, spec) }, problems };
  const [one, other] = [slots[0], slots[1]].map((slot) => ({ ...slot, servers: named(slot.servers, slot.spec) }));
  if (!one || !other) throw new Error('there are two slots');
  return { instance: { ...instance, servers: one.servers, slots: [one, other] }, problems };
}

/** What is taken back has no settings to go by, and of an HAProxy that its run went without no names either. */
function lost({ backend, balancer }: Server, { container, host }: Instance, what: string): string {
  const where = `backend ${backend} of HAProxy on ${balancer.host} (${placeName(balancer)})`;
  return `Cannot find the servers of ${container} on ${host} in ${where}: its run went without that one, so nobody knows ${what}: roll out the older version instead`;
}

/** The tier in front of a host, with the names of the servers that send requests to one of the host's addresses. */
export function hostDiscovered(
  front: FrontTier,
  backends: readonly BackendState[],
  { host, addresses, isLookedAt = () => true }: Pick<Whereabouts, 'addresses'> & LookedAt & { readonly host: string },
): { readonly front: FrontTier; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const servers = front.servers.map((server) => {
    if (!isToBeFound(server) || !isLookedAt(server)) return server;
    const places = addresses.map((address) => ({ address, port: undefined }));
    const found = findServer(server, { whose: host, places, backends });
    if (typeof found !== 'string') return found.server;
    problems.push(found);
    return server;
  });
  return { front: { ...front, servers }, problems };
}

interface Looking {
  /** For people. */
  readonly whose: string;
  readonly places: readonly Place[];
  readonly backends: readonly BackendState[];
}

/** The one server that goes there, or why there is none. */
function findServer(wanted: Server, { whose, places, backends }: Looking): ServerState | string {
  const { balancer } = wanted;
  const at = `backend ${wanted.backend} of HAProxy on ${balancer.host} (${placeName(balancer)})`;
  const cannot = `Cannot find the server of ${whose} in ${at}`;
  if (places.length === 0) {
    return `${cannot}: the playbook names no port of the host that it publishes, nor an address in a Docker network: say server`;
  }
  const backend = backends.find((candidate) => isOf(candidate, wanted));
  if (!backend) return `${cannot}: there is no such backend with servers`;
  const found = backend.servers.filter((state) => places.some((place) => isAt(state, place)));
  const [first, ...others] = found;
  if (first && others.length === 0) return first;
  if (first) {
    const which = found.map(({ server, address, port }) => `${server.name} (${address}:${port})`).join(' and ');
    return `${cannot}: ${which} are both its own by their address: say which as server`;
  }
  return `${cannot}: none goes to ${told(places.map(placeText))}; it has ${told(backend.servers.map(stateText))}`;
}

/** Where the container will be, seen from an HAProxy on the same host (`isNear`) or on another one. */
export function placesOf(
  spec: Pick<ContainerSpec, 'ports' | 'networks'>,
  { addresses, published: there }: Whereabouts,
  isNear: boolean,
): readonly Place[] {
  const ports = spec.ports ?? there.map((one) => ({ ...one, protocol: 'tcp' as const }));
  const published = ports.flatMap(({ hostIp, hostPort: port, protocol }): Place[] => {
    if (protocol !== 'tcp' || port === undefined) return [];
    const all = EVERYWHERE.includes(hostIp) ? ['127.0.0.1', '::1', ...addresses] : [hostIp];
    return all.filter((address) => isNear || !isLoopback(address)).map((address) => ({ address, port }));
  });
  const networks = (spec.networks ?? []).flatMap(({ ipv4Address, ipv6Address }) =>
    [ipv4Address, ipv6Address].flatMap((address) => address ?? []),
  );
  return [...published, ...networks.map((address) => ({ address, port: undefined }))];
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

export function isAt(state: ServerState, { address, port }: Place): boolean {
  return state.address === address && (port === undefined || state.port === port);
}

function placeText({ address, port }: Place): string {
  return port === undefined ? address : `${address}:${port}`;
}

function stateText({ server, address, port }: ServerState): string {
  return `${server.name} (${address === '' ? 'address unknown' : `${address}:${port}`})`;
}

function told(texts: readonly string[]): string {
  const more = texts.length > MOST_TOLD ? ` and ${texts.length - MOST_TOLD} more` : '';
  return `${texts.slice(0, MOST_TOLD).join(', ')}${more}`;
}

/** Servers that were found for one container and are another one's too, in sentences by the host of their HAProxy. */
export function foundTwice(
  instances: readonly Instance[],
): readonly { readonly host: string; readonly text: string }[] {
  const owners = new Map<string, Instance>();
  return instances.flatMap((instance) =>
    serversOf(instance).flatMap((server) => {
      const owner = owners.get(serverKey(server)) ?? instance;
      owners.set(serverKey(server), owner);
      if (isToBeFound(server) || (owner.host === instance.host && owner.container === instance.container)) return [];
      const whose = `${owner.container} on ${owner.host} and of ${instance.container} on ${instance.host}`;
      const text = `${serverPath(server)} would be the server of ${whose}: say server for each of them`;
      return [{ host: server.balancer.host, text }];
    }),
  );
}
