/** Which networks a container has that is made like another. */
import { isBorrowedNetwork, networkModeOf, type InspectedContainer, type InspectedEndpoint } from './inspections.ts';

/** An endpoint's settings, as the Engine takes them. */
export interface EndpointRequest {
  readonly Aliases?: string[];
  readonly IPAMConfig?: Readonly<Record<string, unknown>>;
  readonly Links?: string[];
  readonly DriverOpts?: Record<string, string>;
}

export interface Endpoint {
  readonly network: string;
  readonly request: EndpointRequest;
}

export interface Networks {
  /** The network it is created with; undefined when nothing is to be said of it. */
  readonly first: Endpoint | undefined;
  /** Those it is connected to afterwards: the Engine takes one at creation (before API 1.44). */
  readonly others: readonly Endpoint[];
}

/** Networks without settings of endpoints. */
const plainModes = new Set(['bridge', 'host', 'none']);

/** All of them, the first one in front, without what the Engine has added. */
export function endpointsOf(container: InspectedContainer): readonly Endpoint[] {
  const own = networkModeOf(container.HostConfig);
  const endpoints = Object.entries(container.NetworkSettings.Networks ?? {}).map(([network, endpoint]) => ({
    network,
    isFirst: network === own || endpoint.NetworkID === own,
    request: requestOf(endpoint, container.Id),
  }));
  return endpoints.toSorted((one, other) => Number(other.isFirst) - Number(one.isFirst)).map(bareEndpoint);
}

/** The networks of `container`, unless `networkMode` is another one than it has. */
export function networksLike(container: InspectedContainer, networkMode: string): Networks {
  const own = networkModeOf(container.HostConfig);
  if (networkMode !== own || isBorrowedNetwork(own) || own === 'host') return { first: undefined, others: [] };
  const endpoints = Object.entries(container.NetworkSettings.Networks ?? {}).map(([network, endpoint]) => ({
    network,
    isFirst: network === own || endpoint.NetworkID === own,
    request: requestOf(endpoint, container.Id),
  }));
  const first = plainModes.has(own) ? undefined : endpoints.find((endpoint) => endpoint.isFirst);
  const others = endpoints.filter((endpoint) => !endpoint.isFirst && !plainModes.has(endpoint.network));
  return { first: first && bareEndpoint(first), others: others.map(bareEndpoint) };
}

function bareEndpoint({ network, request }: Endpoint): Endpoint {
  return { network, request };
}

/** Without what the Engine gave it by itself: addresses, the MAC, and the container's short id as an alias. */
function requestOf({ Aliases, IPAMConfig, Links, DriverOpts }: InspectedEndpoint, id: string): EndpointRequest {
  const aliases = Aliases?.filter((alias) => alias !== id.slice(0, 12)) ?? [];
  return {
    ...(aliases.length > 0 && { Aliases: aliases }),
    ...(IPAMConfig && Object.keys(IPAMConfig).length > 0 && { IPAMConfig }),
    ...(Links && Links.length > 0 && { Links: [...Links] }),
    ...(DriverOpts && Object.keys(DriverOpts).length > 0 && { DriverOpts: { ...DriverOpts } }),
  };
}
