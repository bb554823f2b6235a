/** Settings as texts: for people to read, and such that two that mean the same are the same. */
import { createHash } from 'node:crypto';
import { constants } from 'node:os';
import { declaredNetworkMode, type ContainerSpec } from '../../rollout/container-spec.ts';
import { securityOptionOf } from './declared.ts';
import {
  bare,
  bindOf,
  bindText,
  isAnonymous,
  isBorrowedNetwork,
  networkModeOf,
  type DeviceMapping,
  type DeviceRequest,
  type InspectedContainer,
  type InspectedHealthcheck,
  type InspectedHostConfig,
  type InspectedUlimit,
  type MountRequest,
  type PortBindings,
} from './inspections.ts';
import type { Endpoint } from './networks.ts';

const STOP_SIGNAL = 'SIGTERM';

/** `sh -c "exit 0"` */
export function argv(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

export function sorted(words: readonly string[]): string {
  return words.toSorted().join(', ');
}

/** In their order, which counts. */
export function joined(words: readonly string[] | null | undefined): string {
  return (words ?? []).join(', ');
}

/** `a=1, b=2`; a name without a value stands alone. */
export function pairsText(pairs: Readonly<Record<string, string>>, between = '='): string {
  return sorted(Object.entries(pairs).map(([name, value]) => (value === '' ? name : `${name}${between}${value}`)));
}

export function ulimitsText(ulimits: readonly InspectedUlimit[]): string {
  return sorted(ulimits.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`));
}

export function devicesText(devices: readonly DeviceMapping[]): string {
  return sorted(
    devices.map(({ PathOnHost, PathInContainer, CgroupPermissions }) =>
      [PathOnHost, PathInContainer, CgroupPermissions.split('').toSorted().join('')].join(':'),
    ),
  );
}

/** Only of what is asked for. */
export function blockRatesText(hostConfig: InspectedHostConfig, requested: InspectedHostConfig): string {
  const kinds = {
    device_read_bps: 'BlkioDeviceReadBps',
    device_write_bps: 'BlkioDeviceWriteBps',
    device_read_iops: 'BlkioDeviceReadIOps',
    device_write_iops: 'BlkioDeviceWriteIOps',
  } as const;
  return Object.entries(kinds)
    .filter(([, key]) => requested[key])
    .map(([kind, key]) => `${kind} ${sorted((hostConfig[key] ?? []).map(({ Path, Rate }) => `${Path}=${Rate}`))}`)
    .join('; ');
}

export function gpusText(requests: readonly DeviceRequest[]): string {
  return requests
    .map(({ Driver, Count, DeviceIDs, Capabilities, Options }) => {
      const which = (DeviceIDs ?? []).length > 0 ? sorted(DeviceIDs ?? []) : Count === -1 ? 'all' : String(Count ?? 0);
      const able = (Capabilities ?? []).map((words) => words.toSorted().join('+')).join(' or ');
      return [Driver ?? '', which, able, pairsText(Options ?? {})].filter((part) => part !== '').join(' ');
    })
    .join('; ');
}

/** Without what the Engine adds by itself to every container of these kinds. */
export function securityOptionsText({ SecurityOpt, Privileged, IpcMode, PidMode }: InspectedHostConfig): string {
  const isUnlabelled = Privileged === true || IpcMode === 'host' || PidMode === 'host';
  const options = (SecurityOpt ?? []).map(securityOptionOf).map(shortened);
  return sorted(isUnlabelled ? options.filter((option) => option !== 'label=disable') : options);
}

/** A whole profile would fill pages. */
function shortened(option: string): string {
  return option.startsWith('seccomp={') ? `seccomp=(a profile, ${digestOf(option)})` : option;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** `SIGTERM` for `TERM`, `15` and nothing. */
export function signalName(signal: string): string {
  if (signal === '') return STOP_SIGNAL;
  const byNumber = Object.entries(constants.signals).find(([, number]) => String(number) === signal)?.[0];
  const name = byNumber ?? signal.toUpperCase();
  return name.startsWith('SIG') ? name : `SIG${name}`;
}

/** The Engine adds or drops `CAP_`, by its version. */
export function capabilities(names: readonly string[]): string {
  return sorted([...new Set(names.map((name) => name.toUpperCase().replace(/^CAP_/, '')))]);
}

export function restartText({ Name, MaximumRetryCount }: NonNullable<InspectedHostConfig['RestartPolicy']>): string {
  const name = (Name ?? '') === '' ? 'no' : String(Name);
  return name === 'on-failure' && MaximumRetryCount ? `${name}:${MaximumRetryCount}` : name;
}

type LogConfig = NonNullable<InspectedHostConfig['LogConfig']>;

/** Of the same driver only the options asked for count: the Engine adds those of its own configuration. */
export function loggingText({ Type, Config }: LogConfig, requested: LogConfig): string {
  const driver = requested.Type === '' ? [] : [Type ?? ''];
  const isSame = requested.Type === '' || requested.Type === Type;
  const pairs = Object.entries(Config ?? {})
    .filter(([name]) => !isSame || Object.hasOwn(requested.Config ?? {}, name))
    .map(([name, value]) => `${name}=${value}`);
  return [...driver, ...pairs.toSorted()].join(' ');
}

/** `127.0.0.1:8081:8080/tcp, …` */
export function portsText(bindings: PortBindings): string {
  return sorted(
    Object.entries(bindings).flatMap(([port, hosts]) =>
      (hosts ?? []).map(({ HostIp, HostPort }) =>
        [HostIp ?? '', HostPort ?? '', port].filter((part, index) => part !== '' || index > 0).join(':'),
      ),
    ),
  );
}

/** `name:port` and `name=port` are the same to the Engine. */
export function extraHostsText(hosts: readonly string[]): string {
  return sorted(hosts.map((host) => host.replace('=', ':')));
}

/** Everything that is mounted, however it was asked for, but volumes without a name. */
export function volumesOf({ HostConfig: { Binds, Mounts } }: InspectedContainer): readonly string[] {
  const named = (Binds ?? []).map(bindOf).filter(({ source }) => source !== '' && !isAnonymous(source));
  const mounts = (Mounts ?? []).filter(({ Type, Source }) => Type !== 'volume' || !isAnonymous(Source ?? ''));
  return [...named.map(bindText), ...mounts.filter(({ Type, Source }) => Type !== 'volume' || Source).map(mountText)];
}

/** As a bind would be written, where one could say the same. */
export function mountText({ Type, Source, Target, ReadOnly, VolumeOptions, TmpfsOptions }: MountRequest): string {
  const bind = bindOf(`${Source ?? ''}:${Target}${ReadOnly === true ? ':ro' : ''}`);
  if (Type === 'bind') return bindText(bind);
  if (Type === 'volume') return bindText({ ...bind, source: withSubpath(bind.source, VolumeOptions?.Subpath) });
  const { SizeBytes, Mode } = TmpfsOptions ?? {};
  const options = [
    ...(SizeBytes ? [`size=${SizeBytes}`] : []),
    ...(Mode === undefined || Mode === null ? [] : [`mode=${Mode.toString(8)}`]),
  ];
  return [Type, bare(Target), ...(options.length > 0 ? [options.join(',')] : [])].join(':');
}

function withSubpath(source: string, subpath: string | null | undefined): string {
  return (subpath ?? '') === '' ? source : `${source}/${String(subpath)}`;
}

export function healthcheckText(healthcheck: InspectedHealthcheck): string {
  const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = healthcheck;
  const seconds = (name: string, value: number | null | undefined) =>
    value === undefined || value === null ? [] : [`${name} ${value / 1e9}s`];
  return [
    ...(Test ? [argv(Test)] : []),
    ...seconds('interval', Interval),
    ...seconds('timeout', Timeout),
    ...seconds('start_period', StartPeriod),
    ...seconds('start_interval', StartInterval),
    ...(Retries === undefined || Retries === null ? [] : [`retries ${Retries}`]),
  ].join(', ');
}

/** Whether the container has, or is to have, the network of another one. */
export function isBorrowed(spec: ContainerSpec, hostConfig: InspectedHostConfig): boolean {
  return isBorrowedNetwork(declaredNetworkMode(spec) ?? networkModeOf(hostConfig));
}

/** Ports are published neither on the host's own network nor on another container's. */
export function publishesPorts(spec: ContainerSpec, hostConfig: InspectedHostConfig): boolean {
  return !isBorrowed(spec, hostConfig) && (declaredNetworkMode(spec) ?? networkModeOf(hostConfig)) !== 'host';
}

/** `front (aliases web; 10.0.0.2), back`; the first one counts as such, the others are in no order. */
export function networksText(endpoints: readonly Endpoint[]): string {
  const [first, ...others] = endpoints.map(({ network, request: { Aliases, IPAMConfig, DriverOpts } }) => {
    const details = [
      ...(Aliases && Aliases.length > 0 ? [`aliases ${sorted(Aliases)}`] : []),
      ...Object.values(IPAMConfig ?? {}).flat(),
      ...(DriverOpts && Object.keys(DriverOpts).length > 0 ? [pairsText(DriverOpts)] : []),
    ];
    return details.length > 0 ? `${network} (${details.join('; ')})` : network;
  });
  return [...(first === undefined ? [] : [first]), ...others.toSorted()].join(', ');
}
