/** Stories in which containers are replaced `start-first`: each has two slots, and servers in both. */
import type { Act, Command } from './acts.ts';
import type { Fault } from './faults.ts';
import { furtherOf } from './further.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import { callFault, killOf, type Scenario } from './scenario.ts';
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

/** The same, for all containers of a host together, and the old ones are kept: some switch back, or end it. */
export function blueGreenOf(seed: number, pace: Pace = leisurely): Scenario {
  return asBlueGreen(slotsOf(seed, pace), new Random(seed, 'blue-green'));
}

export function furtherBlueGreenOf(seed: number, pace: Pace = leisurely): Scenario {
  return asBlueGreen(furtherSlotsOf(seed, pace), new Random(seed, 'blue-green'));
}

/** The first numbers of those who see to what is kept. */
const KEEPERS = 80;

function asBlueGreen(told: Scenario, random: Random): Scenario {
  const switching = {
    order: random.pick(['together', 'together', 'pair-by-pair'] as const),
    keepMs: random.pick([0, 2_000, 15_000, 60_000, 600_000]),
  };
  const keepers = random.pick<readonly Command[]>([
    ...([[], ['switch-back'], ['switch-back'], ['retire']] as const),
    ['switch-back', 'rollout'],
  ]);
  const acts = keepers.map((command, index): Act => ({ command, by: KEEPERS + index }));
  const faults = acts.flatMap(({ by }): Fault[] => [
    ...(random.chance(0.35) ? [killOf(by, { instances: 2, withinMs: 10_000 }, random)] : []),
    ...(random.chance(0.35) ? [callFault(by, 2, random)] : []),
  ]);
  const isCron = random.chance(0.4);
  const cron: Act = { command: 'restore', by: KEEPERS + 9, isExpired: true };
  return {
    ...told,
    world: { ...told.world, isAsOne: switching.keepMs > 0 && !goesBackOneByOne(told) && !createsAny(told) },
    play: { ...told.play, strategy: 'blue-green', switching },
    acts: told.acts.toSpliced(1, 0, ...acts, ...(isCron ? [cron] : [])),
    faults: [...told.faults, ...faults],
  };
}

/** What a run takes back that is not kept goes back by itself, and so does what a later rollback takes back. */
function goesBackOneByOne({ world: { policy, monitor }, acts }: Scenario): boolean {
  return (
    monitor !== undefined || policy?.onFailure === 'rollback' || acts.some(({ command }) => command === 'rollback')
  );
}

/** What is new to a host has no old one to switch from, and goes by itself: it stays where the others go home. */
function createsAny({ world: { hosts } }: Scenario): boolean {
  return hosts.some(({ containers }) => containers.some(({ isNew }) => isNew));
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
