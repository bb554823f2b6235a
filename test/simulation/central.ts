/** Stories in which the HAProxys are on hosts of their own, two of them: each has the servers of all containers. */
import { furtherOf } from './further.ts';
import { balancerHosts, troubled } from './on-balancer-hosts.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { pacedOf } from './paced.ts';
import { Random } from './random.ts';
import { rolloutOf, type Scenario } from './scenario.ts';
import { blueGreenOf, furtherBlueGreenOf, slotsOf } from './slots.ts';
import { ofHost } from './world/fronts.ts';
import type { HostSetting } from './world/host.ts';
import type { ServerLine } from './world/worker.ts';

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
  const { world } = told;
  const floor = random.chance(0.5) ? leastUsable(told) : 0;
  const balancers = balancerHosts(world, () => ({
    servers: world.hosts.flatMap(linesOf),
    weights: random.chance(0.5) ? Object.fromEntries(world.hosts.flatMap(weightsOf)) : {},
    floor,
  }));
  const hosts = world.hosts.map((host) => ({ ...host, servers: [], weights: {} }));
  return troubled({ ...told, world: { ...world, hosts, balancers } }, random);
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
