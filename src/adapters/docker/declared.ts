/** What a declaration says, in the Engine's terms. */
import type {
  BlockRate,
  ContainerSpec,
  Device,
  GpuRequest,
  Healthcheck,
  Mount,
  NetworkSpec,
  PublishedPort,
  Ulimit,
} from '../../rollout/container-spec.ts';
import type {
  DeviceMapping,
  DeviceRate,
  DeviceRequest,
  InspectedHealthcheck,
  InspectedUlimit,
  MountRequest,
} from './inspections.ts';
import type { Endpoint } from './networks.ts';

const NANOSECONDS_PER_MS = 1_000_000;

/** Fields left out, and times of 0, are the image's own. */
export function healthcheckOf(declared: Healthcheck): InspectedHealthcheck {
  const { test, intervalMs, timeoutMs, startPeriodMs, startIntervalMs, retries } = declared;
  return {
    ...(test && test.length > 0 && { Test: test }),
    ...(intervalMs !== undefined && { Interval: Math.round(intervalMs * NANOSECONDS_PER_MS) }),
    ...(timeoutMs !== undefined && { Timeout: Math.round(timeoutMs * NANOSECONDS_PER_MS) }),
    ...(startPeriodMs !== undefined && { StartPeriod: Math.round(startPeriodMs * NANOSECONDS_PER_MS) }),
    ...(startIntervalMs !== undefined && { StartInterval: Math.round(startIntervalMs * NANOSECONDS_PER_MS) }),
    ...(retries !== undefined && { Retries: retries }),
  };
}

/** The other way round: a time of 0 is the Engine's own. */
export function declaredOf(inspected: InspectedHealthcheck): Healthcheck {
  const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = inspected;
  const ms = (nanoseconds: number | null | undefined) => (nanoseconds ? nanoseconds / NANOSECONDS_PER_MS : undefined);
  const all = {
    ...{ test: Test ?? undefined, intervalMs: ms(Interval), timeoutMs: ms(Timeout), startPeriodMs: ms(StartPeriod) },
    ...{ startIntervalMs: ms(StartInterval), retries: Retries === 0 ? undefined : (Retries ?? undefined) },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The Engine counts whole seconds. */
export function stopTimeoutOf(stopGraceMs: number): number {
  return Math.ceil(stopGraceMs / 1000);
}

export function nanoCpusOf(cpus: number): number {
  return Math.round(cpus * 1e9);
}

/** `8080/tcp` */
export function containerPortOf({ containerPort, protocol }: PublishedPort): string {
  return `${containerPort}/${protocol}`;
}

export function portBindingsOf(
  ports: readonly PublishedPort[],
): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    (bindings[containerPortOf(port)] ??= []).push({ HostIp: port.hostIp, HostPort: String(port.hostPort ?? '') });
  }
  return bindings;
}

export function restartPolicyOf(restart: NonNullable<ContainerSpec['restart']>): {
  Name: string;
  MaximumRetryCount: number;
} {
  return { Name: restart.name, MaximumRetryCount: restart.name === 'on-failure' ? restart.maximumRetryCount : 0 };
}

export function ulimitRequest({ name, soft, hard }: Ulimit): InspectedUlimit {
  return { Name: name, Soft: soft, Hard: hard };
}

export function deviceRequest({ onHost, inContainer, permissions }: Device): DeviceMapping {
  return { PathOnHost: onHost, PathInContainer: inContainer, CgroupPermissions: permissions };
}

export function rateRequest({ device, rate }: BlockRate): DeviceRate {
  return { Path: device, Rate: rate };
}

export function gpuRequest({ driver, count, ids, capabilities, options }: GpuRequest): DeviceRequest {
  return {
    Driver: driver,
    Count: count,
    ...(ids.length > 0 && { DeviceIDs: ids }),
    Capabilities: [capabilities],
    Options: options,
  };
}

/** `name=value`; that it may be `name:value` is a leftover of old versions. */
export function securityOptionOf(option: string): string {
  const [name, value] = option.includes('=') ? splitAt(option, '=') : splitAt(option, ':');
  return value === undefined || (name === 'no-new-privileges' && value === 'true') ? name : `${name}=${value}`;
}

function splitAt(text: string, mark: string): readonly [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

export function mountRequest(mount: Mount): MountRequest {
  const { target } = mount;
  if (mount.kind === 'tmpfs') {
    const { sizeBytes, mode } = mount;
    const options = {
      ...(sizeBytes !== undefined && { SizeBytes: sizeBytes }),
      ...(mode !== undefined && { Mode: mode }),
    };
    return { Type: 'tmpfs', Target: target, ...(Object.keys(options).length > 0 && { TmpfsOptions: options }) };
  }
  const { kind, source, isReadOnly } = mount;
  const readOnly = isReadOnly ? { ReadOnly: true } : {};
  const subpath = mount.kind === 'volume' ? { VolumeOptions: { Subpath: mount.subpath } } : {};
  return { Type: kind, Source: source, Target: target, ...readOnly, ...subpath };
}

export function endpointOf(network: NetworkSpec): Endpoint {
  const { name, aliases, ipv4Address, ipv6Address, linkLocalIps, driverOpts } = network;
  const addresses = {
    ...(ipv4Address !== undefined && { IPv4Address: ipv4Address }),
    ...(ipv6Address !== undefined && { IPv6Address: ipv6Address }),
    ...(linkLocalIps !== undefined && { LinkLocalIPs: linkLocalIps }),
  };
  const request = {
    ...(aliases.length > 0 && { Aliases: [...aliases] }),
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(driverOpts && { DriverOpts: { ...driverOpts } }),
  };
  return { network: name, request };
}
