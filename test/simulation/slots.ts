/** Stories in which containers are replaced `start-first`: each has two slots, and servers in both. */
import { furtherOf } from './further.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { inOtherSlot } from './world/fronts.ts';
import type { HostSetting } from './world/host.ts';

/** From the port of one slot to that of the other. */
const OTHER_PORT = 100;

/** The story of `operationsOf`, with another way to replace. */
export function slotsOf(seed: number, pace: Pace = leisurely): Scenario {
  return inSlots(operationsOf(seed, pace), new Random(seed, 'slots'));
}

/** The story of `furtherOf` so: with containers that are not there yet, questions, and agent-checks. */
export function furtherSlotsOf(seed: number, pace: Pace = leisurely): Scenario {
  return inSlots(furtherOf(seed, pace), new Random(seed, 'slots'));
}

/** The same story, with another way to replace. */
export function inSlots(told: Scenario, random: Random): Scenario {
  return { ...told, world: { ...told.world, hosts: told.world.hosts.map((host) => withSlots(host, random)) } };
}

/** With `start-first` a backend need never have fewer usable servers than in the beginning. */
function withSlots(host: HostSetting, random: Random): HostSetting {
  const names = new Set(host.containers.map(({ name }) => name));
  const missing = host.containers.filter(({ isNew }) => isNew).length;
  const usable = new Set(host.servers.map(({ name }) => name)).size - missing;
  return {
    ...host,
    containers: host.containers.map((one) => ({ ...one, otherPort: one.port + OTHER_PORT })),
    servers: host.servers.flatMap((line) =>
      names.has(line.name) ? [line, { ...line, name: inOtherSlot(line.name), port: line.port + OTHER_PORT }] : [line],
    ),
    floor: random.chance(0.6) ? Math.max(1, usable) : 1,
  };
}
