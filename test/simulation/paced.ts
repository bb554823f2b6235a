/** Stories about the pace of a rollout: weights that come back in steps, and more in work at once. */
import type { AtOnce } from '../../src/rollout/at-once.ts';
import type { Ramp } from '../../src/rollout/ramp.ts';
import { furtherOf } from './further.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { inSlots } from './slots.ts';
import type { HostSetting } from './world/host.ts';

/** The story of `operationsOf`, or of `furtherOf`, in place or `start-first`, at another pace. */
export function pacedOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'paced');
  const told = random.chance(0.5) ? operationsOf(seed, pace) : furtherOf(seed, pace);
  const story = random.chance(0.3) ? inSlots(told, new Random(seed, 'slots')) : told;
  const [ramp, atOnce] = [rampOf(random, pace), atOnceOf(random)];
  const hosts = story.world.hosts.map((host) => sparing(host, atOnce.perHost));
  return { ...story, world: { ...story.world, hosts, ramp, atOnce } };
}

function rampOf(random: Random, { soakMs: [short, long] }: Pace): Ramp | undefined {
  if (!random.chance(0.7)) return undefined;
  return { percents: random.pick([[10, 50], [50], [1, 20, 80]]), everyMs: random.pick([short, long]) };
}

function atOnceOf(random: Random): AtOnce {
  const perHost = random.pick([1, 2, 2, 3]);
  return {
    perHost,
    inAll: random.pick([undefined, undefined, 1, 2, 3]),
    window: random.pick([undefined, undefined, 2, 3]),
    isLockstep: perHost === 1 && random.chance(0.6),
  };
}

/** Its floor is kept with so many instances away, or the play would be refused. */
function sparing(host: HostSetting, perHost: number): HostSetting {
  const isInSlots = host.containers.some(({ otherPort }) => otherPort !== undefined);
  const there = host.containers.filter(({ isNew }) => !isNew).length;
  const others = new Set(host.servers.map(({ name }) => name)).size - host.containers.length;
  const least = there + others - Math.min(perHost, there);
  return isInSlots ? host : { ...host, floor: Math.min(host.floor, Math.max(0, least)) };
}
