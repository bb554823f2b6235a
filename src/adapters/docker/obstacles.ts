/** What on a host stands in the way of a container that is declared. */
import type Dockerode from 'dockerode';
import type { ContainerSpec } from '../../rollout/container-spec.ts';
import { apiVersionOf, isOlder, unless, type Engine } from './engine.ts';

const LOOK_MS = 15_000;

/** Settings that an Engine too old for them would leave out without a word. */
const sinceApi: readonly (readonly [string, string, (spec: ContainerSpec) => boolean])[] = [
  ['healthcheck.start_interval', '1.44', ({ healthcheck }) => healthcheck?.startIntervalMs !== undefined],
  ['annotations', '1.43', ({ annotations }) => Object.keys(annotations ?? {}).length > 0],
  [
    'volumes[].volume.subpath',
    '1.45',
    ({ volumes }) => (volumes ?? []).some((it) => typeof it !== 'string' && it.kind === 'volume'),
  ],
];

/** Settings that the Engine drops when the kernel of the host cannot do them, and where it says whether it can. */
const ofKernel: readonly (readonly [string, string, (spec: ContainerSpec) => boolean])[] = [
  ['mem_limit', 'MemoryLimit', ({ memoryBytes }) => (memoryBytes ?? 0) > 0],
  ['memswap_limit', 'SwapLimit', ({ memorySwapBytes }) => (memorySwapBytes ?? 0) !== 0],
  ['cpus', 'CpuCfsQuota', ({ cpus }) => (cpus ?? 0) > 0],
  ['cpu_quota', 'CpuCfsQuota', ({ cpuQuotaUs }) => (cpuQuotaUs ?? 0) > 0],
  ['cpu_period', 'CpuCfsPeriod', ({ cpuPeriodUs }) => (cpuPeriodUs ?? 0) > 0],
  ['cpu_shares', 'CPUShares', ({ cpuShares }) => (cpuShares ?? 0) > 0],
  ['cpuset', 'CPUSet', ({ cpuset }) => (cpuset ?? '') !== ''],
  ['pids_limit', 'PidsLimit', ({ pidsLimit }) => (pidsLimit ?? 0) > 0],
  ['oom_kill_disable', 'OomKillDisable', ({ oomKillDisable }) => oomKillDisable === true],
];

/** Networks that every Engine has. */
const builtIn = new Set(['bridge', 'host', 'none', 'default']);

interface Info {
  readonly [fact: string]: unknown;
  readonly Runtimes?: Readonly<Record<string, object>> | null;
  readonly CgroupVersion?: string;
}

/** Each completes "Cannot create container x on fe1: …". Asks the Engine only about what is declared. */
export async function obstaclesTo(spec: ContainerSpec, engine: Engine): Promise<readonly string[]> {
  const asked = [tooOld(spec, engine), unableKernel(spec, engine), missingNetworks(spec, engine)];
  const found = await Promise.all([...asked, missingContainers(spec, engine)]);
  return found.flat();
}

async function tooOld(spec: ContainerSpec, engine: Engine): Promise<string[]> {
  const wanted = sinceApi.filter(([, , isDeclared]) => isDeclared(spec));
  if (wanted.length === 0) return [];
  const version = await apiVersionOf(engine);
  return wanted
    .filter(([, since]) => isOlder(version, since))
    .map(([name, since]) => `${name} needs an Engine with API ${since}, this one has ${version}`);
}

async function unableKernel(spec: ContainerSpec, engine: Engine): Promise<string[]> {
  const wanted = ofKernel.filter(([, , isDeclared]) => isDeclared(spec));
  const { runtime, memorySwappiness } = spec;
  if (wanted.length === 0 && runtime === undefined && memorySwappiness === undefined) return [];
  const info = (await look(engine, 'ask what the Engine can do', (docker) => docker.info())) as Info;
  const runtimes = Object.keys(info.Runtimes ?? {});
  return [
    ...wanted.filter(([, fact]) => info[fact] === false).map(([name]) => `the kernel there does not support ${name}`),
    ...(memorySwappiness !== undefined && info.CgroupVersion === '2'
      ? ['mem_swappiness is nothing that cgroup v2 has']
      : []),
    ...(runtime !== undefined && !runtimes.includes(runtime)
      ? [`it has no runtime ${runtime}, but ${runtimes.toSorted().join(', ')}`]
      : []),
  ];
}

/** Those that are not known from elsewhere to be made or not. */
async function missingNetworks(
  { networks, networkMode, surroundings }: ContainerSpec,
  engine: Engine,
): Promise<string[]> {
  const mode = networkMode === undefined || networkMode.startsWith('container:') ? [] : [networkMode];
  const known = new Set([...builtIn, ...(surroundings?.networks ?? []).map(({ name }) => name)]);
  const names = [...(networks ?? []).map(({ name }) => name), ...mode].filter((name) => !known.has(name));
  const found = await Promise.all(
    names.map((name) =>
      look(engine, `look at network ${name}`, (docker) => unless(404, docker.getNetwork(name).inspect(), undefined)),
    ),
  );
  return names.filter((_, index) => found[index] === undefined).map((name) => `there is no network ${name}`);
}

/** Of another container this one is to share something with it. */
async function missingContainers({ networkMode, pid, ipc }: ContainerSpec, engine: Engine): Promise<string[]> {
  const modes = { network_mode: networkMode, pid, ipc };
  const wanted = Object.entries(modes).flatMap(([key, mode]) => {
    const [, name] = /^container:(.+)$/.exec(mode ?? '') ?? [];
    return name === undefined ? [] : [{ key, name }];
  });
  const found = await Promise.all(
    wanted.map(({ name }) =>
      look(engine, `inspect container ${name}`, (docker, abortSignal) =>
        unless(404, docker.getContainer(name).inspect({ abortSignal }), undefined),
      ),
    ),
  );
  return wanted
    .filter((_, index) => found[index] === undefined)
    .map(({ key, name }) => `there is no container ${name}, which ${key} names`);
}

function look<T>(
  engine: Engine,
  what: string,
  ask: (docker: Dockerode, abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  return engine.call({ what, withinMs: LOOK_MS, ask });
}
