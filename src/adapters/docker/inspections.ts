/**
 * What the Engine tells of containers and images, as far as we look at it. Not the typings of dockerode: those do
 * not say that most of it may be null.
 *
 * @see https://docs.docker.com/reference/api/engine/version/v1.41/
 */

type Maybe<T> = T | null | undefined;

/** The configuration that images and containers share. */
export interface InspectedConfig {
  readonly User?: Maybe<string>;
  readonly ExposedPorts?: Maybe<Readonly<Record<string, object>>>;
  readonly Env?: Maybe<readonly string[]>;
  readonly Cmd?: Maybe<readonly string[]>;
  readonly Healthcheck?: Maybe<InspectedHealthcheck>;
  readonly Volumes?: Maybe<Readonly<Record<string, object>>>;
  readonly WorkingDir?: Maybe<string>;
  readonly Entrypoint?: Maybe<readonly string[] | string>;
  readonly Labels?: Maybe<Readonly<Record<string, string>>>;
  readonly StopSignal?: Maybe<string>;
  readonly StopTimeout?: Maybe<number>;
  readonly Shell?: Maybe<readonly string[]>;
}

/** Times in nanoseconds; 0 and absent both mean: as the image has it, or the Engine's default. */
export interface InspectedHealthcheck {
  readonly Test?: Maybe<readonly string[]>;
  readonly Interval?: Maybe<number>;
  readonly Timeout?: Maybe<number>;
  readonly StartPeriod?: Maybe<number>;
  readonly StartInterval?: Maybe<number>;
  readonly Retries?: Maybe<number>;
}

export interface InspectedContainerConfig extends InspectedConfig {
  readonly Image: string;
  readonly Hostname?: Maybe<string>;
  readonly Domainname?: Maybe<string>;
  readonly MacAddress?: Maybe<string>;
  readonly Tty?: Maybe<boolean>;
  readonly OpenStdin?: Maybe<boolean>;
  readonly StdinOnce?: Maybe<boolean>;
  readonly NetworkDisabled?: Maybe<boolean>;
}

export interface PortBinding {
  readonly HostIp?: Maybe<string>;
  readonly HostPort?: Maybe<string>;
}

export type PortBindings = Readonly<Record<string, Maybe<readonly PortBinding[]>>>;

/** A mount in the long form. */
export interface MountRequest {
  readonly Type: string;
  readonly Source?: Maybe<string>;
  readonly Target: string;
  readonly ReadOnly?: Maybe<boolean>;
  readonly VolumeOptions?: Maybe<{ readonly Subpath?: Maybe<string> }>;
  readonly TmpfsOptions?: Maybe<{ readonly SizeBytes?: Maybe<number>; readonly Mode?: Maybe<number> }>;
}

export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

export interface DeviceRate {
  readonly Path: string;
  readonly Rate: number;
}

/** What GPUs, and other devices that a driver knows, are asked for by. */
export interface DeviceRequest {
  readonly Driver?: Maybe<string>;
  /** -1 is all of them. */
  readonly Count?: Maybe<number>;
  readonly DeviceIDs?: Names;
  readonly Capabilities?: Maybe<readonly (readonly string[])[]>;
  readonly Options?: Texts;
}

export interface InspectedUlimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

type Names = Maybe<readonly string[]>;
type Texts = Maybe<Readonly<Record<string, string>>>;

/** Kept whole: settings we do not know are carried over too. */
export interface InspectedHostConfig {
  readonly [setting: string]: unknown;
  readonly AutoRemove?: Maybe<boolean>;
  readonly Binds?: Maybe<readonly string[]>;
  readonly Mounts?: Maybe<readonly MountRequest[]>;
  readonly NetworkMode?: Maybe<string>;
  readonly PortBindings?: Maybe<PortBindings>;
  readonly PublishAllPorts?: Maybe<boolean>;
  readonly RestartPolicy?: Maybe<{ readonly Name?: Maybe<string>; readonly MaximumRetryCount?: Maybe<number> }>;
  readonly LogConfig?: Maybe<{ readonly Type?: Maybe<string>; readonly Config?: Texts }>;
  readonly CapAdd?: Names;
  readonly CapDrop?: Names;
  readonly GroupAdd?: Names;
  readonly Dns?: Names;
  readonly DnsSearch?: Names;
  readonly DnsOptions?: Names;
  readonly ExtraHosts?: Names;
  readonly Links?: Names;
  readonly SecurityOpt?: Names;
  readonly DeviceCgroupRules?: Names;
  readonly Tmpfs?: Texts;
  readonly Sysctls?: Texts;
  readonly Annotations?: Texts;
  readonly Devices?: Maybe<readonly DeviceMapping[]>;
  readonly DeviceRequests?: Maybe<readonly DeviceRequest[]>;
  readonly BlkioDeviceReadBps?: Maybe<readonly DeviceRate[]>;
  readonly BlkioDeviceWriteBps?: Maybe<readonly DeviceRate[]>;
  readonly BlkioDeviceReadIOps?: Maybe<readonly DeviceRate[]>;
  readonly BlkioDeviceWriteIOps?: Maybe<readonly DeviceRate[]>;
  readonly Ulimits?: Maybe<readonly InspectedUlimit[]>;
  readonly UTSMode?: Maybe<string>;
  readonly UsernsMode?: Maybe<string>;
  readonly CgroupnsMode?: Maybe<string>;
  readonly CgroupParent?: Maybe<string>;
  readonly CpusetCpus?: Maybe<string>;
  readonly Runtime?: Maybe<string>;
  readonly MemoryReservation?: Maybe<number>;
  readonly MemorySwappiness?: Maybe<number>;
  readonly ShmSize?: Maybe<number>;
  readonly CpuShares?: Maybe<number>;
  readonly CpuPeriod?: Maybe<number>;
  readonly CpuQuota?: Maybe<number>;
  readonly PidsLimit?: Maybe<number>;
  readonly OomScoreAdj?: Maybe<number>;
  readonly OomKillDisable?: Maybe<boolean>;
  readonly IpcMode?: Maybe<string>;
  readonly PidMode?: Maybe<string>;
  readonly Init?: Maybe<boolean>;
  readonly Privileged?: Maybe<boolean>;
  readonly ReadonlyRootfs?: Maybe<boolean>;
  readonly Memory?: Maybe<number>;
  readonly MemorySwap?: Maybe<number>;
  readonly NanoCpus?: Maybe<number>;
}

export interface InspectedEndpoint {
  readonly IPAMConfig?: Maybe<Readonly<Record<string, unknown>>>;
  readonly Links?: Maybe<readonly string[]>;
  readonly Aliases?: Maybe<readonly string[]>;
  readonly DriverOpts?: Maybe<Readonly<Record<string, string>>>;
  readonly NetworkID?: Maybe<string>;
  readonly IPAddress?: Maybe<string>;
}

export interface InspectedContainer {
  readonly Id: string;
  /** With a leading slash. */
  readonly Name: string;
  /** The image's id. */
  readonly Image: string;
  readonly RestartCount?: Maybe<number>;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly ExitCode: number;
    /** Of its first process, as the host numbers it; 0 when it does not run. */
    readonly Pid?: Maybe<number>;
    readonly StartedAt: string;
    readonly Health?: Maybe<{
      readonly Status: string;
      readonly Log?: Maybe<readonly { readonly Output?: Maybe<string> }[]>;
    }>;
  };
  readonly Config: InspectedContainerConfig;
  readonly HostConfig: InspectedHostConfig;
  readonly Mounts?: Maybe<readonly InspectedMount[]>;
  readonly NetworkSettings: {
    readonly Ports?: Maybe<PortBindings>;
    readonly Networks?: Maybe<Readonly<Record<string, InspectedEndpoint>>>;
  };
}

export interface InspectedMount {
  readonly Type: string;
  readonly Name?: Maybe<string>;
  /** On the host. */
  readonly Source?: Maybe<string>;
  readonly Destination: string;
  readonly RW?: Maybe<boolean>;
}

export interface InspectedImage {
  readonly Id: string;
  readonly Os?: Maybe<string>;
  readonly Architecture?: Maybe<string>;
  readonly Variant?: Maybe<string>;
  readonly RepoDigests?: Maybe<readonly string[]>;
  readonly Config?: Maybe<InspectedConfig>;
}

export function listOf(words: Maybe<readonly string[] | string>): readonly string[] {
  return typeof words === 'string' ? [words] : (words ?? []);
}

export function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}

/** `K=V` entries by name. An entry without `=` unsets a variable of the image; it has the value undefined. */
export function variablesOf(env: Maybe<readonly string[]>): ReadonlyMap<string, string | undefined> {
  return new Map(
    (env ?? []).map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, undefined] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** Whether the container has no network of its own, and so neither a hostname, nor ports. */
export function isBorrowedNetwork(networkMode: string): boolean {
  return networkMode.startsWith('container:');
}

/** `default` is another word for the first bridge. */
export function networkModeOf(hostConfig: InspectedHostConfig): string {
  const mode = hostConfig.NetworkMode ?? '';
  return mode === '' || mode === 'default' ? 'bridge' : mode;
}

/** The Engine names a volume that was not given a name with 64 hexadecimal digits. */
export function isAnonymous(volume: string): boolean {
  return /^[0-9a-f]{64}$/.test(volume);
}

export interface Bind {
  readonly source: string;
  readonly target: string;
  /** Options in alphabetical order, without `rw`, which is the default. */
  readonly mode: string;
}

/** `source:target[:mode]` in its parts. */
export function bindOf(written: string): Bind {
  const [source = '', target = '', mode = ''] = written.includes(':') ? written.split(':') : ['', written];
  const options = mode.split(',').filter((option) => option !== '' && option !== 'rw');
  return { source: bare(source), target: bare(target), mode: options.toSorted().join(',') };
}

export function bindText({ source, target, mode }: Bind): string {
  return mode === '' ? `${source}:${target}` : `${source}:${target}:${mode}`;
}

/** A path without slashes at its end. */
export function bare(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
