/** What is declared of a container, as plain data. */

export type PullPolicy = 'always' | 'missing' | 'never';

export interface PublishedPort {
  /** Address on the host; empty for all. */
  readonly hostIp: string;
  /** Port on the host; undefined lets the Engine choose. */
  readonly hostPort: number | undefined;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

export interface Healthcheck {
  /** As Docker has it: `['CMD', …]`, `['CMD-SHELL', …]` or `['NONE']`. */
  readonly test?: readonly string[] | undefined;
  readonly intervalMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly startPeriodMs?: number | undefined;
  /** Between two checks during the start period. */
  readonly startIntervalMs?: number | undefined;
  readonly retries?: number | undefined;
}

/** What Docker's short form of a volume cannot say. */
export type Mount =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly isReadOnly: boolean }
  | {
      readonly kind: 'volume';
      readonly source: string;
      readonly target: string;
      readonly isReadOnly: boolean;
      readonly subpath: string;
    }
  | {
      readonly kind: 'tmpfs';
      readonly target: string;
      readonly sizeBytes: number | undefined;
      readonly mode: number | undefined;
    };

/** A network that the container is on, and what it is there. */
export interface NetworkSpec {
  readonly name: string;
  /** Other names that it has there. */
  readonly aliases: readonly string[];
  readonly ipv4Address?: string | undefined;
  readonly ipv6Address?: string | undefined;
  readonly linkLocalIps?: readonly string[] | undefined;
  readonly driverOpts?: Readonly<Record<string, string>> | undefined;
}

export interface Ulimit {
  readonly name: string;
  /** -1 is without limit. */
  readonly soft: number;
  readonly hard: number;
}

export interface Device {
  readonly onHost: string;
  readonly inContainer: string;
  /** Of `r`, `w` and `m`. */
  readonly permissions: string;
}

/** How much a container may read from, or write to, a device of the host in a second. */
export interface BlockRate {
  readonly device: string;
  /** Bytes, or operations. */
  readonly rate: number;
}

/** Devices that a driver of the Engine hands out. */
export interface GpuRequest {
  readonly driver: string;
  /** -1 is all of them; 0 where they are named. */
  readonly count: number;
  readonly ids: readonly string[];
  readonly capabilities: readonly string[];
  readonly options: Texts;
}

/** A file that is put into the container before it starts, and is nowhere else on the host. */
export interface PlacedFile {
  /** What is said of a secret is only that it differs. */
  readonly kind: 'secret' | 'config';
  /** A path in the container. */
  readonly target: string;
  /** In base64. */
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

type Texts = Readonly<Record<string, string>>;

/**
 * What the playbook declares of a container. A setting left out is not declared: a container that exists keeps
 * what it has, a new one gets Docker's default.
 */
export interface ContainerSpec {
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  /** `os[/architecture[/variant]]` */
  readonly platform?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly entrypoint?: readonly string[] | undefined;
  /** Added to, or set over, what is there. */
  readonly environment?: Texts | undefined;
  /** Added to, or set over, what is there. */
  readonly labels?: Texts | undefined;
  /** Added to, or set over, what is there. */
  readonly annotations?: Texts | undefined;
  /** Instead of those there. */
  readonly ports?: readonly PublishedPort[] | undefined;
  /** As Docker has them, `8080/tcp`; added to what is there. */
  readonly expose?: readonly string[] | undefined;
  /**
   * `source:target[:mode]`, where source is an absolute path or a volume's name, or `target` for a volume without a
   * name, or a mount; instead of those there.
   */
  readonly volumes?: readonly (string | Mount)[] | undefined;
  /** Instead of those there. */
  readonly files?: readonly PlacedFile[] | undefined;
  /** Target to options; instead of those there. */
  readonly tmpfs?: Texts | undefined;
  readonly networkMode?: string | undefined;
  /** Instead of those there; the first one is that of the default route. */
  readonly networks?: readonly NetworkSpec[] | undefined;
  readonly restart?: { readonly name: string; readonly maximumRetryCount: number } | undefined;
  readonly healthcheck?: Healthcheck | undefined;
  readonly user?: string | undefined;
  readonly groupAdd?: readonly string[] | undefined;
  readonly workingDir?: string | undefined;
  readonly hostname?: string | undefined;
  readonly domainname?: string | undefined;
  readonly extraHosts?: readonly string[] | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly dnsSearch?: readonly string[] | undefined;
  readonly dnsOptions?: readonly string[] | undefined;
  readonly stopSignal?: string | undefined;
  readonly stopGraceMs?: number | undefined;
  readonly init?: boolean | undefined;
  readonly tty?: boolean | undefined;
  readonly stdinOpen?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
  readonly privileged?: boolean | undefined;
  readonly capAdd?: readonly string[] | undefined;
  readonly capDrop?: readonly string[] | undefined;
  readonly securityOpt?: readonly string[] | undefined;
  readonly devices?: readonly Device[] | undefined;
  readonly deviceCgroupRules?: readonly string[] | undefined;
  /** Each list instead of that there. */
  readonly blockRates?:
    | {
        readonly readBps?: readonly BlockRate[] | undefined;
        readonly writeBps?: readonly BlockRate[] | undefined;
        readonly readIops?: readonly BlockRate[] | undefined;
        readonly writeIops?: readonly BlockRate[] | undefined;
      }
    | undefined;
  /** Instead of those there. */
  readonly gpus?: readonly GpuRequest[] | undefined;
  readonly ulimits?: readonly Ulimit[] | undefined;
  readonly sysctls?: Texts | undefined;
  readonly memoryBytes?: number | undefined;
  readonly memoryReservationBytes?: number | undefined;
  /** Memory and swap together; -1 is without limit. */
  readonly memorySwapBytes?: number | undefined;
  readonly memorySwappiness?: number | undefined;
  readonly shmBytes?: number | undefined;
  readonly cpus?: number | undefined;
  readonly cpuShares?: number | undefined;
  readonly cpuset?: string | undefined;
  readonly cpuPeriodUs?: number | undefined;
  readonly cpuQuotaUs?: number | undefined;
  /** -1 is without limit. */
  readonly pidsLimit?: number | undefined;
  readonly oomKillDisable?: boolean | undefined;
  readonly oomScoreAdj?: number | undefined;
  readonly pid?: string | undefined;
  readonly ipc?: string | undefined;
  readonly uts?: string | undefined;
  readonly cgroup?: string | undefined;
  readonly cgroupParent?: string | undefined;
  readonly usernsMode?: string | undefined;
  readonly runtime?: string | undefined;
  readonly logging?: { readonly driver: string; readonly options: Texts } | undefined;
  /** Not compared: it is about others. */
  readonly surroundings?: Surroundings | undefined;
}

/** What becomes the container's network mode; undefined when nothing is declared of it. */
export function declaredNetworkMode({ networks, networkMode }: ContainerSpec): string | undefined {
  return networks?.[0]?.name ?? networkMode;
}

interface ToHave {
  /** On the host. */
  readonly name: string;
  /** It is somebody else's: never made. */
  readonly isExternal: boolean;
  readonly driver: string | undefined;
  readonly options: Texts;
  readonly labels: Texts;
}

export type VolumeToHave = ToHave;

export interface NetworkToHave extends ToHave {
  readonly isInternal: boolean;
  readonly isAttachable: boolean;
  readonly hasIpv6: boolean;
  /** Pools are as Docker has them. */
  readonly ipam?: { readonly driver: string; readonly options: Texts; readonly pools: readonly Texts[] } | undefined;
}

/** A service that has to be there before, on the same host, in a container that is not ours to start. */
export interface Dependency {
  readonly service: string;
  readonly project: string;
  /** What its container may be called. */
  readonly names: readonly string[];
  readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  readonly isRequired: boolean;
}

/** What the container needs around it. Networks and volumes that are nobody else's are made where they are missing. */
export interface Surroundings {
  readonly networks: readonly NetworkToHave[];
  readonly volumes: readonly VolumeToHave[];
  readonly services: readonly Dependency[];
}
