/** The settings that are a part of the Engine's HostConfig and nothing else: what to ask for, and how it reads. */
import type { ContainerSpec, Ulimit } from '../../rollout/container-spec.ts';
import { deviceRequest, nanoCpusOf, restartPolicyOf, securityOptionOf, ulimitRequest } from './declared.ts';
import type { InspectedHostConfig, InspectedUlimit } from './inspections.ts';
import {
  capabilities,
  devicesText,
  joined,
  loggingText,
  pairsText,
  restartText,
  securityOptionsText,
  sorted,
  ulimitsText,
} from './setting-texts.ts';

export interface HostSetting {
  /** As the playbook calls it. */
  readonly name: string;
  /** What is asked for; undefined when it is not declared. */
  readonly requested: (spec: ContainerSpec, before: InspectedHostConfig) => InspectedHostConfig | undefined;
  /** Equal where it means the same, as far as `requested` says anything of it. */
  readonly text: (hostConfig: InspectedHostConfig, requested: InspectedHostConfig) => string;
}

function setting<Key extends keyof ContainerSpec>(
  [name, key]: readonly [string, Key],
  request: (value: Exclude<ContainerSpec[Key], undefined>, before: InspectedHostConfig) => InspectedHostConfig,
  text: HostSetting['text'],
): HostSetting {
  return {
    name,
    requested: (spec, before) => {
      const value = spec[key];
      return value === undefined ? undefined : request(value as Exclude<ContainerSpec[Key], undefined>, before);
    },
    text,
  };
}

export const hostSettings: readonly HostSetting[] = [
  setting(
    ['restart', 'restart'],
    // A container that is removed once it ends cannot be restarted.
    (restart) => ({ RestartPolicy: restartPolicyOf(restart), ...(restart.name !== 'no' && { AutoRemove: false }) }),
    ({ RestartPolicy }) => restartText(RestartPolicy ?? {}),
  ),
  setting(
    ['init', 'init'],
    (Init) => ({ Init }),
    ({ Init }) => String(Init ?? false),
  ),
  setting(
    ['read_only', 'readOnly'],
    (ReadonlyRootfs) => ({ ReadonlyRootfs }),
    ({ ReadonlyRootfs }) => String(ReadonlyRootfs ?? false),
  ),
  setting(
    ['privileged', 'privileged'],
    (Privileged) => ({ Privileged }),
    ({ Privileged }) => String(Privileged ?? false),
  ),
  setting(
    ['cap_add', 'capAdd'],
    (CapAdd) => ({ CapAdd }),
    ({ CapAdd }) => capabilities(CapAdd ?? []),
  ),
  setting(
    ['cap_drop', 'capDrop'],
    (CapDrop) => ({ CapDrop }),
    ({ CapDrop }) => capabilities(CapDrop ?? []),
  ),
  setting(
    ['security_opt', 'securityOpt'],
    (options) => ({ SecurityOpt: options.map(securityOptionOf) }),
    securityOptionsText,
  ),
  setting(
    ['group_add', 'groupAdd'],
    (GroupAdd) => ({ GroupAdd }),
    ({ GroupAdd }) => sorted(GroupAdd ?? []),
  ),
  setting(
    ['tmpfs', 'tmpfs'],
    (Tmpfs) => ({ Tmpfs }),
    ({ Tmpfs }) => pairsText(Tmpfs ?? {}, ':'),
  ),
  setting(
    ['dns', 'dns'],
    (Dns) => ({ Dns }),
    ({ Dns }) => joined(Dns),
  ),
  setting(
    ['dns_search', 'dnsSearch'],
    (DnsSearch) => ({ DnsSearch }),
    ({ DnsSearch }) => joined(DnsSearch),
  ),
  setting(
    ['dns_opt', 'dnsOptions'],
    (DnsOptions) => ({ DnsOptions }),
    ({ DnsOptions }) => joined(DnsOptions),
  ),
  setting(
    ['devices', 'devices'],
    (devices) => ({ Devices: devices.map(deviceRequest) }),
    ({ Devices }) => devicesText(Devices ?? []),
  ),
  setting(
    ['device_cgroup_rules', 'deviceCgroupRules'],
    (DeviceCgroupRules) => ({ DeviceCgroupRules }),
    ({ DeviceCgroupRules }) => sorted(DeviceCgroupRules ?? []),
  ),
  setting(
    ['ulimits', 'ulimits'],
    // The Engine adds those of its own configuration.
    (ulimits, before) => ({ Ulimits: [...others(before.Ulimits ?? [], ulimits), ...ulimits.map(ulimitRequest)] }),
    ({ Ulimits }, requested) => ulimitsText(named(Ulimits ?? [], requested.Ulimits ?? [])),
  ),
  setting(
    ['sysctls', 'sysctls'],
    (Sysctls) => ({ Sysctls }),
    ({ Sysctls }) => pairsText(Sysctls ?? {}),
  ),
  setting(
    ['mem_limit', 'memoryBytes'],
    (Memory) => ({ Memory }),
    ({ Memory }) => String(Memory ?? 0),
  ),
  setting(
    ['mem_reservation', 'memoryReservationBytes'],
    (MemoryReservation) => ({ MemoryReservation }),
    ({ MemoryReservation }) => String(MemoryReservation ?? 0),
  ),
  setting(
    ['memswap_limit', 'memorySwapBytes'],
    (MemorySwap) => ({ MemorySwap }),
    ({ MemorySwap }) => String(MemorySwap ?? 0),
  ),
  setting(
    ['mem_swappiness', 'memorySwappiness'],
    (MemorySwappiness) => ({ MemorySwappiness }),
    ({ MemorySwappiness }) => String(MemorySwappiness ?? '(the default)'),
  ),
  setting(
    ['shm_size', 'shmBytes'],
    (ShmSize) => ({ ShmSize }),
    ({ ShmSize }) => String(ShmSize ?? 0),
  ),
  setting(
    ['cpus', 'cpus'],
    // A quota in the Engine's other terms would contradict it.
    (cpus) => ({ NanoCpus: nanoCpusOf(cpus), CpuPeriod: 0, CpuQuota: 0 }),
    ({ NanoCpus }) => String((NanoCpus ?? 0) / 1e9),
  ),
  setting(
    ['cpu_shares', 'cpuShares'],
    (CpuShares) => ({ CpuShares }),
    ({ CpuShares }) => String(CpuShares ?? 0),
  ),
  setting(
    ['cpuset', 'cpuset'],
    (CpusetCpus) => ({ CpusetCpus }),
    ({ CpusetCpus }) => CpusetCpus ?? '',
  ),
  setting(
    ['cpu_period', 'cpuPeriodUs'],
    (CpuPeriod) => ({ CpuPeriod, NanoCpus: 0 }),
    ({ CpuPeriod }) => String(CpuPeriod ?? 0),
  ),
  setting(
    ['cpu_quota', 'cpuQuotaUs'],
    (CpuQuota) => ({ CpuQuota, NanoCpus: 0 }),
    ({ CpuQuota }) => String(CpuQuota ?? 0),
  ),
  setting(
    ['pids_limit', 'pidsLimit'],
    (PidsLimit) => ({ PidsLimit }),
    ({ PidsLimit }) => String((PidsLimit ?? 0) > 0 ? PidsLimit : -1),
  ),
  setting(
    ['oom_kill_disable', 'oomKillDisable'],
    (OomKillDisable) => ({ OomKillDisable }),
    ({ OomKillDisable }) => String(OomKillDisable ?? false),
  ),
  setting(
    ['oom_score_adj', 'oomScoreAdj'],
    (OomScoreAdj) => ({ OomScoreAdj }),
    ({ OomScoreAdj }) => String(OomScoreAdj ?? 0),
  ),
  setting(
    ['pid', 'pid'],
    (PidMode) => ({ PidMode }),
    ({ PidMode }) => PidMode ?? '',
  ),
  setting(
    ['ipc', 'ipc'],
    (IpcMode) => ({ IpcMode }),
    ({ IpcMode }) => IpcMode ?? '',
  ),
  setting(
    ['uts', 'uts'],
    (UTSMode) => ({ UTSMode }),
    ({ UTSMode }) => UTSMode ?? '',
  ),
  setting(
    ['cgroup', 'cgroup'],
    (CgroupnsMode) => ({ CgroupnsMode }),
    ({ CgroupnsMode }) => CgroupnsMode ?? '',
  ),
  setting(
    ['cgroup_parent', 'cgroupParent'],
    (CgroupParent) => ({ CgroupParent }),
    ({ CgroupParent }) => CgroupParent ?? '',
  ),
  setting(
    ['userns_mode', 'usernsMode'],
    (UsernsMode) => ({ UsernsMode }),
    ({ UsernsMode }) => UsernsMode ?? '',
  ),
  setting(
    ['runtime', 'runtime'],
    (Runtime) => ({ Runtime }),
    ({ Runtime }) => Runtime ?? '',
  ),
  setting(
    ['logging', 'logging'],
    ({ driver, options }) => ({ LogConfig: { Type: driver, Config: options } }),
    ({ LogConfig }, requested) => loggingText(LogConfig ?? {}, requested.LogConfig ?? {}),
  ),
];

/** All that is declared of it, for a container that is to be like one with `before`. */
export function requestedOf(spec: ContainerSpec, before: InspectedHostConfig): InspectedHostConfig {
  return Object.assign({}, ...hostSettings.map(({ requested }) => requested(spec, before))) as InspectedHostConfig;
}

function others(ulimits: readonly InspectedUlimit[], declared: readonly Ulimit[]): readonly InspectedUlimit[] {
  return ulimits.filter(({ Name }) => !declared.some(({ name }) => name === Name));
}

function named(ulimits: readonly InspectedUlimit[], requested: readonly InspectedUlimit[]): readonly InspectedUlimit[] {
  return ulimits.filter(({ Name }) => requested.some((it) => it.Name === Name));
}
