import { declaredNetworkMode, type ContainerSpec } from '../../rollout/container-spec.ts';
import { containerPortOf, endpointOf, healthcheckOf, portBindingsOf, stopTimeoutOf } from './declared.ts';
import { requestedOf } from './host-settings.ts';
import { ownConfigOf, type OwnConfig } from './inheritance.ts';
import {
  isBorrowedNetwork,
  networkModeOf,
  type InspectedConfig,
  type InspectedContainer,
  type InspectedContainerConfig,
  type InspectedHealthcheck,
  type InspectedHostConfig,
} from './inspections.ts';
import { anonymousIn, mountsFor } from './mounts.ts';
import { withLabelOf } from './placed-files.ts';
import { networksLike, type Endpoint, type EndpointRequest, type Networks } from './networks.ts';

/** A container to be like, and the configuration of the image that it was made from. */
export interface Predecessor {
  readonly container: InspectedContainer;
  readonly image: InspectedConfig;
}

/** The body of `POST /containers/create`. */
export interface CreateRequest {
  readonly Image: string;
  readonly [setting: string]: unknown;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, EndpointRequest>> };
}

export interface Creation {
  readonly request: CreateRequest;
  /** To be connected to between creation and start. */
  readonly connections: readonly Endpoint[];
}

/**
 * How to make the container that `spec` declares. Where it declares nothing the container is as its predecessor; what
 * the predecessor merely had from its image, the new one gets from the new image.
 */
export function creationOf(spec: ContainerSpec, like: Predecessor | undefined): Creation {
  const networkMode = networkModeFor(spec, like);
  const { first, others } = networksFor(spec, like, networkMode);
  return {
    request: {
      Image: spec.image,
      ...configFor(spec, like, networkMode),
      HostConfig: hostConfigFor(spec, like?.container, networkMode),
      ...(first && { NetworkingConfig: { EndpointsConfig: { [first.network]: first.request } } }),
    },
    connections: others,
  };
}

function networkModeFor(spec: ContainerSpec, like: Predecessor | undefined): string {
  return declaredNetworkMode(spec) ?? (like ? networkModeOf(like.container.HostConfig) : 'bridge');
}

function networksFor({ networks }: ContainerSpec, like: Predecessor | undefined, networkMode: string): Networks {
  if (!networks) return like ? networksLike(like.container, networkMode) : { first: undefined, others: [] };
  const [first, ...others] = networks.map(endpointOf);
  // What the Engine calls `bridge` takes no settings.
  return { first: networkMode === 'bridge' ? undefined : first, others };
}

const noConfig: OwnConfig = ownConfigOf({ Image: '' }, {});

function configFor(spec: ContainerSpec, like: Predecessor | undefined, networkMode: string): Record<string, unknown> {
  const own = like ? ownConfigOf(like.container.Config, like.image) : noConfig;
  const env = new Map([...own.env, ...Object.entries(spec.environment ?? {})]);
  const labels = withLabelOf(spec.files, { ...own.labels, ...spec.labels });
  const entrypoint = spec.entrypoint?.length === 0 ? [''] : (spec.entrypoint ?? own.entrypoint);
  const stopTimeout = spec.stopGraceMs === undefined ? own.stopTimeout : stopTimeoutOf(spec.stopGraceMs);
  return withoutUndefined({
    ...terminalFor(spec, like?.container.Config),
    Env: [...env].map(([name, value]) => (value === undefined ? name : `${name}=${value}`)),
    Labels: labels,
    ExposedPorts: isBorrowedNetwork(networkMode) ? undefined : exposedPortsFor(spec, own, like?.container.HostConfig),
    Volumes: keyed([...own.volumes, ...anonymousIn(spec.volumes)]),
    User: spec.user ?? own.user,
    WorkingDir: spec.workingDir ?? own.workingDir,
    Entrypoint: entrypoint,
    Cmd: spec.command ?? own.command,
    Healthcheck: healthcheckFor(spec, own),
    StopSignal: spec.stopSignal ?? own.stopSignal,
    StopTimeout: stopTimeout,
    Shell: own.shell,
    ...namesFor(spec, like?.container, networkMode),
  });
}

function terminalFor(spec: ContainerSpec, like: InspectedContainerConfig | undefined): Record<string, unknown> {
  const { Tty, OpenStdin, StdinOnce, NetworkDisabled } = like ?? {};
  return { Tty: spec.tty ?? Tty, OpenStdin: spec.stdinOpen ?? OpenStdin, StdinOnce, NetworkDisabled };
}

/** A set, as the Engine has it. */
function keyed(names: readonly string[]): object | undefined {
  return names.length > 0 ? Object.fromEntries(names.map((name) => [name, {}])) : undefined;
}

function exposedPortsFor(spec: ContainerSpec, own: OwnConfig, hostConfig: InspectedHostConfig | undefined): object {
  const published = Object.keys(hostConfig?.PortBindings ?? {});
  const ports = spec.ports
    ? [...own.exposedPorts.filter((port) => !published.includes(port)), ...spec.ports.map(containerPortOf)]
    : own.exposedPorts;
  return Object.fromEntries([...ports, ...(spec.expose ?? [])].map((port) => [port, {}]));
}

function healthcheckFor(spec: ContainerSpec, own: OwnConfig): InspectedHealthcheck | undefined {
  const healthcheck = { ...own.healthcheck, ...(spec.healthcheck && healthcheckOf(spec.healthcheck)) };
  return Object.keys(healthcheck).length > 0 ? healthcheck : undefined;
}

/** What a container is called on its network; one that shares another's network has that one's names. */
function namesFor(
  spec: ContainerSpec,
  like: InspectedContainer | undefined,
  networkMode: string,
): Record<string, unknown> {
  if (isBorrowedNetwork(networkMode)) return {};
  const isSameMode = like !== undefined && networkModeOf(like.HostConfig) === networkMode;
  if (!isSameMode) return { Hostname: spec.hostname, Domainname: spec.domainname };
  const { Hostname, Domainname, MacAddress } = like.Config;
  const own = Hostname === like.Id.slice(0, 12) || Hostname === '' ? undefined : Hostname;
  return {
    Hostname: spec.hostname ?? own,
    Domainname: spec.domainname ?? (Domainname === '' ? undefined : Domainname),
    MacAddress: MacAddress === '' || isAutomatic(MacAddress, like) ? undefined : MacAddress,
  };
}

/** The Engine makes MAC addresses out of IP addresses: 172.17.0.2 gives 02:42:ac:11:00:02. */
function isAutomatic(macAddress: string | null | undefined, container: InspectedContainer): boolean {
  const addresses = Object.values(container.NetworkSettings.Networks ?? {}).map(({ IPAddress }) => IPAddress ?? '');
  return addresses.some((address) => {
    const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
    return macAddress === ['02', '42', ...bytes].join(':');
  });
}

function hostConfigFor(
  spec: ContainerSpec,
  like: InspectedContainer | undefined,
  networkMode: string,
): Record<string, unknown> {
  const withoutPorts = isBorrowedNetwork(networkMode) || networkMode === 'host';
  const annotations = { ...like?.HostConfig.Annotations, ...spec.annotations };
  return withoutUndefined({
    ...(like && carriedOver(like, spec)),
    ...mountsFor(spec.volumes, like),
    NetworkMode: networkMode,
    ...(spec.ports && { PortBindings: portBindingsOf(spec.ports), PublishAllPorts: false }),
    ...(withoutPorts && { PortBindings: undefined, PublishAllPorts: undefined }),
    ...(spec.extraHosts && { ExtraHosts: spec.extraHosts }),
    ...requestedOf(spec, like?.HostConfig ?? {}),
    ...(isBorrowedNetwork(networkMode) && { ExtraHosts: undefined, Dns: undefined, Links: undefined }),
    ...(Object.keys(annotations).length > 0 && { Annotations: annotations }),
  });
}

/** The settings of before, without what the Engine worked out by itself and works out again. */
function carriedOver(like: InspectedContainer, spec: ContainerSpec): Record<string, unknown> {
  const { HostConfig } = like;
  const { Memory, MemorySwap, Privileged } = HostConfig;
  const isDerivedSwap = MemorySwap === 2 * (Memory ?? 0) || spec.memoryBytes === 0;
  const isPrivilegeDeclared = spec.privileged !== undefined && spec.privileged !== (Privileged ?? false);
  return {
    ...HostConfig,
    Links: HostConfig.Links?.map(linkRequest),
    SecurityOpt: securityOptionsOf(HostConfig),
    ...(isDerivedSwap && { MemorySwap: undefined }),
    ...(isPrivilegeDeclared && { MaskedPaths: undefined, ReadonlyPaths: undefined }),
  };
}

/** `/db:/web/alias` as inspected is `db:alias` as requested. */
function linkRequest(link: string): string {
  const [target = '', alias = ''] = link.split(':');
  return `${target.replace(/^\//, '')}:${alias.slice(alias.lastIndexOf('/') + 1)}`;
}

/** The Engine adds `label=disable` to every container of these kinds, and adds it once more to one that has it. */
function securityOptionsOf({ SecurityOpt, Privileged, IpcMode, PidMode }: InspectedHostConfig): unknown {
  const isUnlabelled = Privileged === true || IpcMode === 'host' || PidMode === 'host';
  return isUnlabelled ? SecurityOpt?.filter((option) => option !== 'label=disable') : SecurityOpt;
}

function withoutUndefined(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined && value !== null));
}
