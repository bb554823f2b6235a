/** What a container may use of its host, as settings of the Engine's HostConfig. */
import type { Ulimit } from '../../rollout/container-spec.ts';
import { deviceRequest, gpuRequest, nanoCpusOf, rateRequest, ulimitRequest } from './declared.ts';
import { setting, type HostSetting } from './host-setting.ts';
import type { InspectedUlimit } from './inspections.ts';
import { blockRatesText, devicesText, gpusText, sorted, ulimitsText } from './setting-texts.ts';

export const resourceSettings: readonly HostSetting[] = [
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
    ['blkio_config', 'blockRates'],
    ({ readBps, writeBps, readIops, writeIops }) => ({
      ...(readBps && { BlkioDeviceReadBps: readBps.map(rateRequest) }),
      ...(writeBps && { BlkioDeviceWriteBps: writeBps.map(rateRequest) }),
      ...(readIops && { BlkioDeviceReadIOps: readIops.map(rateRequest) }),
      ...(writeIops && { BlkioDeviceWriteIOps: writeIops.map(rateRequest) }),
    }),
    blockRatesText,
  ),
  setting(
    ['gpus', 'gpus'],
    (gpus) => ({ DeviceRequests: gpus.map(gpuRequest) }),
    ({ DeviceRequests }) => gpusText(DeviceRequests ?? []),
  ),
];

function others(ulimits: readonly InspectedUlimit[], declared: readonly Ulimit[]): readonly InspectedUlimit[] {
  return ulimits.filter(({ Name }) => !declared.some(({ name }) => name === Name));
}

function named(ulimits: readonly InspectedUlimit[], requested: readonly InspectedUlimit[]): readonly InspectedUlimit[] {
  return ulimits.filter(({ Name }) => requested.some((it) => it.Name === Name));
}
