/** Stories in which the HAProxys are on hosts of their own, two of them: each has the servers of all containers. */
import type { Act } from './acts.ts';
import type { Fault, TimedFault } from './faults.ts';
import { furtherOf } from './further.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { pacedOf } from './paced.ts';
import { Random } from './random.ts';
import { rolloutOf, timed, type Scenario } from './scenario.ts';
import { blueGreenOf, furtherBlueGreenOf, slotsOf } from './slots.ts';
import { ofHost } from './world/fronts.ts';
import type { HostSetting } from './world/host.ts';
import type { ServerLine } from './world/worker.ts';
import type { WorldSetting } from './world/world.ts';

const BALANCERS = ['lb1', 'lb2'] as const;
const RESCUER = 80;

/** A story of another kind, with central HAProxys. */
export function centralOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'central');
  const tell = random.pick([rolloutOf, operationsOf, operationsOf, furtherOf, slotsOf, pacedOf]);
  return inCentral(tell(seed, pace), random);
}

/** One in which all containers of a host change over together, and the old ones are kept. */
export function centralBlueGreenOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'central');
  return inCentral(random.pick([blueGreenOf, furtherBlueGreenOf])(seed, pace), random);
}

/** The same story, with central HAProxys. */
export function inCentral(told: Scenario, random: Random): Scenario {
  const { world, acts } = told;
  const floor = random.chance(0.5) ? leastUsable(told) : 0;
  const balancers = BALANCERS.map((name): HostSetting => ({ ...balancerOf(name, world, random), floor }));
  const policy = world.policy && { ...world.policy, unreachableBalancer: random.pick(['fail', 'skip'] as const) };
  const hosts = world.hosts.map((host) => ({ ...host, servers: [], weights: {} }));
  const faults = told.faults.map((fault) => ('atMs' in fault ? moved(fault, random) : fault));
  const lost = random.below(BALANCERS.length);
  return {
    ...told,
    world: { ...world, hosts, balancers, ...(policy && { policy }) },
    acts: rescued(acts, BALANCERS[lost] ?? '', random),
    faults: [...faults, ...trouble(lost, random)],
  };
}

function balancerOf(name: string, { hosts }: WorldSetting, random: Random): Omit<HostSetting, 'floor'> {
  const [first] = hosts;
  if (!first) throw new Error('there is a host at least');
  const weights = random.chance(0.5) ? Object.fromEntries(hosts.flatMap(weightsOf)) : {};
  const { checking, requestEveryMs, longRequestMs } = first;
  return {
    ...{ name, containers: [], servers: hosts.flatMap(linesOf), weights },
    ...{ checking, requestEveryMs, longRequestMs },
  };
}

/** How many usable servers each backend has at the worst moment, at least: `start-first` takes none away. */
function leastUsable({ world: { hosts, atOnce, isTogether }, play }: Scenario): number {
  const { window = play.serial, perHost = isTogether ? Infinity : 1 } = atOnce ?? {};
  const backends = new Set(hosts.flatMap(({ servers }) => servers.map(({ backend }) => backend)));
  const left = [...backends].map((backend) => {
    const own = hosts.map((host) => usableIn(host, backend));
    const away = own.map((usable) => Math.min(perHost, usable)).toSorted((one, other) => other - one);
    const others = hosts[0]?.servers.some((line) => isOthers(line) && line.backend === backend) ? 1 : 0;
    const isInSlots = hosts.some(({ containers }) => containers.some(({ otherPort }) => otherPort !== undefined));
    return others + sum(own) - (isInSlots ? 0 : sum(away.slice(0, Math.max(window, play.serial))));
  });
  return Math.max(0, Math.min(...left));
}

/** How many of its containers serve there in the beginning. */
function usableIn({ containers, servers }: HostSetting, backend: string): number {
  const isThere = (name: string): boolean => servers.some((line) => line.name === name && line.backend === backend);
  return containers.filter(({ name, isNew }) => !isNew && isThere(name)).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function isOthers({ name }: ServerLine): boolean {
  return name === 'other';
}

/** What is not of a container of ours is in the HAProxy of each host, and but once in a central one. */
function linesOf(host: HostSetting, index: number): readonly ServerLine[] {
  return host.servers
    .filter((line) => index === 0 || !isOthers(line))
    .map((line) => (isOthers(line) ? line : { ...line, name: ofHost(host.name, line.name) }));
}

function weightsOf({ name, weights }: HostSetting): [string, number][] {
  return Object.entries(weights).map(([path, weight]) => [path.replace('/', `/${ofHost(name, '')}`), weight]);
}

const OF_HAPROXY: readonly string[] = [
  ...([
    'reload',
    'restart',
    'haproxyDown',
    'otherFails',
    'weight',
    'meddle',
    'agent',
    'agents',
    'reconfigure',
  ] as const),
];

/** What happens to an HAProxy happens to a central one; what happens to a host, to one of theirs as well. */
function moved(fault: TimedFault, random: Random): TimedFault {
  const isTheirs = OF_HAPROXY.includes(fault.kind) || random.chance(0.4);
  return isTheirs ? { ...fault, host: -1 - random.below(BALANCERS.length) } : fault;
}

/** One of them is away from the beginning, or for a while, or for as long as there are disasters. */
function trouble(lost: number, random: Random): Fault[] {
  if (!random.chance(0.5)) return [];
  const kind = random.pick(['unreachable', 'haproxyDown', 'reboot'] as const);
  const atMs = random.chance(0.4) ? 0 : random.below(20_000);
  const ms = random.pick([3_000, 20_000, 1_000_000, 1_000_000]);
  return [{ ...timed(kind, atMs, lost - BALANCERS.length), ms }];
}

/** While there are disasters somebody comes to the rescue, who may say of one of them that it is gone for good. */
function rescued(acts: readonly Act[], lost: string, random: Random): readonly Act[] {
  const [first, ...others] = acts;
  const isTried = random.chance(0.4);
  const rescue: Act = { command: 'recover', by: RESCUER };
  const all = isTried && first ? [first, rescue, ...others] : acts;
  return all.map((act) => (mayForget(act) && random.chance(0.4) ? { ...act, forget: lost } : act));
}

function mayForget({ command, isExpired }: Act): boolean {
  return command === 'recover' || (command === 'restore' && isExpired !== true);
}
