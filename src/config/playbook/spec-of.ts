import type { ContainerSpec, Healthcheck, PlacedFile, Surroundings } from '../../rollout/container-spec.ts';
import type { Lookup } from '../compose/interpolation.ts';
import type { Environment } from './container-leaves.ts';
import type { WholeContainer, WrittenContainer } from './container.ts';
import { resourceKeys } from './resources.ts';

/** Where the values come from that are not written with the container itself. */
export interface SpecSources {
  /** For variables without a value. */
  readonly controller: Lookup;
  /** What the files of `env_file` and `label_file` hold. */
  readonly fromFiles: { readonly environment: Environment; readonly labels: Readonly<Record<string, string>> };
  readonly surroundings?: Surroundings;
  readonly files?: readonly PlacedFile[] | undefined;
}

type Plain = Omit<WrittenContainer, 'deploy' | 'env_file' | 'label_file'>;

/** What was written, in the words of the rollout. */
export function specOf(written: WholeContainer, sources: SpecSources): ContainerSpec {
  const { controller, fromFiles } = sources;
  const environment = { ...fromFiles.environment, ...written.environment };
  const labels = { ...fromFiles.labels, ...written.labels };
  return {
    image: written.image,
    pullPolicy: written.pull_policy ?? 'always',
    platform: written.platform,
    ...processOf(written),
    environment: (written.environment ?? written.env_file) ? filledFrom(controller, environment) : undefined,
    labels: (written.labels ?? written.label_file) ? labels : undefined,
    annotations: written.annotations,
    ...placesOf(written),
    restart: written.restart,
    healthcheck: written.healthcheck && healthcheckOf(written.healthcheck),
    ...limitsOf(written),
    logging: written.logging && { driver: written.logging.driver ?? '', options: written.logging.options ?? {} },
    files: sources.files,
    surroundings: sources.surroundings,
  };
}

function processOf(written: Plain): Partial<ContainerSpec> {
  return {
    command: written.command,
    entrypoint: written.entrypoint,
    user: written.user,
    groupAdd: written.group_add,
    workingDir: written.working_dir,
    init: written.init,
    tty: written.tty,
    stdinOpen: written.stdin_open,
    stopSignal: written.stop_signal,
    stopGraceMs: written.stop_grace_period,
    readOnly: written.read_only,
    privileged: written.privileged,
    capAdd: written.cap_add,
    capDrop: written.cap_drop,
    securityOpt: written.security_opt,
    pid: written.pid,
    ipc: written.ipc,
    uts: written.uts,
    cgroup: written.cgroup,
    cgroupParent: written.cgroup_parent,
    usernsMode: written.userns_mode,
    runtime: written.runtime,
  };
}

/** Networks, and what is mounted. */
function placesOf(written: Plain): Partial<ContainerSpec> {
  return {
    ports: written.ports,
    expose: written.expose,
    networkMode: written.network_mode,
    networks: written.networks,
    hostname: written.hostname,
    domainname: written.domainname,
    extraHosts: written.extra_hosts,
    dns: written.dns,
    dnsSearch: written.dns_search,
    dnsOptions: written.dns_opt,
    volumes: written.volumes,
    tmpfs: written.tmpfs,
    devices: written.devices,
    deviceCgroupRules: written.device_cgroup_rules,
  };
}

function limitsOf(written: WrittenContainer): Partial<ContainerSpec> {
  const { deploy } = written;
  const [cpus, memory, pids, reservation] = resourceKeys.map(({ key, of }) => written[key] ?? (deploy && of(deploy)));
  return {
    memoryBytes: memory,
    memoryReservationBytes: reservation,
    memorySwapBytes: written.memswap_limit,
    memorySwappiness: written.mem_swappiness,
    shmBytes: written.shm_size,
    cpus,
    cpuShares: written.cpu_shares,
    cpuset: written.cpuset,
    cpuPeriodUs: written.cpu_period,
    cpuQuotaUs: written.cpu_quota,
    pidsLimit: pids,
    ulimits: written.ulimits,
    blockRates: written.blkio_config && blockRatesOf(written.blkio_config),
    gpus: gpusOf(written),
    sysctls: written.sysctls,
    oomKillDisable: written.oom_kill_disable,
    oomScoreAdj: written.oom_score_adj,
  };
}

function blockRatesOf(written: NonNullable<WrittenContainer['blkio_config']>): ContainerSpec['blockRates'] {
  return {
    readBps: written.device_read_bps,
    writeBps: written.device_write_bps,
    readIops: written.device_read_iops,
    writeIops: written.device_write_iops,
  };
}

/** Those of both places, as Compose adds them up. */
function gpusOf({ gpus, deploy }: WrittenContainer): ContainerSpec['gpus'] {
  const reserved = deploy?.resources?.reservations?.devices;
  return (gpus ?? reserved) && [...(gpus ?? []), ...(reserved ?? [])];
}

function filledFrom(controller: Lookup, written: Environment): Record<string, string> {
  const filled = Object.entries(written).map(([key, value]) => [key, value ?? controller(key)] as const);
  return Object.fromEntries(filled.filter((it): it is readonly [string, string] => it[1] !== undefined));
}

function healthcheckOf(written: NonNullable<WrittenContainer['healthcheck']>): Healthcheck {
  if (written.disable === true) return { test: ['NONE'] };
  return {
    test: written.test,
    intervalMs: written.interval,
    timeoutMs: written.timeout,
    startPeriodMs: written.start_period,
    startIntervalMs: written.start_interval,
    retries: written.retries,
  };
}
