/** Stories in which hosts are maintained: drained as a whole, given a command, rebooted, and put back in service. */
import type { Act } from './acts.ts';
import { inCentral } from './central.ts';
import type { Fault } from './faults.ts';
import { furtherOf } from './further.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import { callFault, killOf, timed, type Scenario } from './scenario.ts';

const FIRST = 90;
const SECOND = 91;
const RESCUER = 92;

/** The story of `operationsOf` or `furtherOf`, with central HAProxys perhaps, and maintenances in it. */
export function maintainedOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'maintained');
  const told = random.chance(0.5) ? operationsOf(seed, pace) : furtherOf(seed, pace);
  const story = random.chance(0.4) ? sparing(inCentral(told, new Random(seed, 'central'))) : told;
  const { world, acts, faults } = story;
  const instances = world.hosts.reduce((sum, { containers }) => sum + containers.length, 0);
  const own = maintenances(pace.instanceMs * instances, random);
  return {
    ...story,
    acts: acts.toSpliced(random.below(2), 0, ...own),
    faults: [...faults, ...own.flatMap(({ by }) => hindrances(by, random))],
  };
}

/** A host takes all of its servers along, which must be less than the floor asks for. */
function sparing(told: Scenario): Scenario {
  const { hosts, balancers } = told.world;
  const most = hosts.length > 1 ? 1 : 0;
  const spared = balancers?.map((one) => ({ ...one, floor: Math.min(one.floor, most) }));
  return { ...told, world: { ...told.world, balancers: spared } };
}

function maintenances(withinMs: number, random: Random): readonly Act[] {
  const first = maintenanceBy(FIRST, random);
  const second = maintenanceBy(SECOND, random);
  const rescue: Act = { command: 'recover', by: RESCUER };
  return [
    random.chance(0.3) ? { ...first, atMs: random.below(withinMs) } : first,
    ...(random.chance(0.5) ? [rescue] : []),
    ...(random.chance(0.4) ? [random.chance(0.5) ? second : { ...second, atMs: random.below(10_000) }] : []),
  ];
}

function maintenanceBy(by: number, random: Random): Act {
  const isRebooting = random.chance(0.5);
  const line = random.pick(['sleep 1', 'sleep 1', 'sleep 4', 'exit 3', 'sleep 1; exit 3', 'sleep 20']);
  return {
    ...{ command: 'maintain', by, isRebooting, containers: random.pick(['keep', 'stop']) },
    ...(isRebooting && random.chance(0.5) ? {} : { line }),
    ...(random.chance(0.5) && { host: random.below(3) }),
    ...(random.chance(0.35) && { takeOver: true }),
    ...(random.chance(0.4) && { waitMs: random.pick([3_000, 20_000]) }),
  };
}

function hindrances(by: number, random: Random): Fault[] {
  const size = { instances: 1, withinMs: 12_000 };
  return [
    ...(random.chance(0.4) ? [killOf(by, size, random)] : []),
    ...(random.chance(0.4) ? [callFault(by, 1, random)] : []),
    ...(random.chance(0.2) ? [timed('signal', random.below(12_000), 0), timed('signal', random.below(12_000), 0)] : []),
  ];
}
