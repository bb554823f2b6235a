/** Stories in which a tier of HAProxys is in front of the hosts, whose own HAProxys it sends all requests to. */
import { furtherOf } from './further.ts';
import { balancerHosts, troubled } from './on-balancer-hosts.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { pacedOf } from './paced.ts';
import { Random } from './random.ts';
import { together } from './recreated.ts';
import { restartsOf } from './restarts.ts';
import { rolloutOf, type Scenario } from './scenario.ts';
import { slotsOf } from './slots.ts';
import { HOST_PORT, ofWhole } from './world/fronts.ts';
import type { ServerLine } from './world/worker.ts';

const BACKEND = 'fleet';

/** A story of another kind, with a tier in front. */
export function frontOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'front');
  const tell = random.pick([rolloutOf, operationsOf, furtherOf, recreated, recreated, slotsOf, pacedOf, restartsOf]);
  return inFront(tell(seed, pace), random);
}

function recreated(seed: number, pace: Pace): Scenario {
  return together(operationsOf(seed, pace));
}

/** The same story, with a tier in front. */
export function inFront(told: Scenario, random: Random): Scenario {
  const { world, play } = told;
  const names = world.hosts.map(({ name }) => name);
  const hasOther = names.length === 1 || random.chance(0.3);
  const { window = play.serial } = world.atOnce ?? {};
  const least = Math.max(0, names.length + (hasOther ? 1 : 0) - Math.max(window, play.serial));
  const floor = random.chance(0.5) ? least : Math.min(1, least);
  const servers = [
    ...names.map((name, index) => aLine(ofWhole(name), HOST_PORT, 10 * (index + 1))),
    ...(hasOther ? [aLine('other', 9000, 1)] : []),
  ];
  const front = balancerHosts(world, () => ({ servers, weights: weightsOf(names, random), floor }));
  // Whatever the host has of its own may go: nothing comes there then.
  const hosts = random.chance(0.5) ? world.hosts.map((host) => ({ ...host, floor: 0 })) : world.hosts;
  return troubled({ ...told, world: { ...world, hosts, front } }, random);
}

function aLine(name: string, port: number, weight: number): ServerLine {
  return { backend: BACKEND, name, port, weight };
}

function weightsOf(names: readonly string[], random: Random): Readonly<Record<string, number>> {
  if (random.chance(0.6)) return {};
  return Object.fromEntries(names.map((name) => [`${BACKEND}/${ofWhole(name)}`, random.between(1, 200)]));
}
