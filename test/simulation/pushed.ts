/** Stories in which HAProxy's configuration is pushed: between other commands, and beside them. */
import { CONFIGS, type Act } from './acts.ts';
import { inCentral } from './central.ts';
import type { Fault } from './faults.ts';
import { inFront } from './front.ts';
import { holdsOf } from './holds.ts';
import { maintainedOf } from './maintained.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import { callFault, killOf, timed, type Scenario } from './scenario.ts';
import { furtherSlotsOf } from './slots.ts';

const FIRST = 95;
const LAST = 98;

/** A story of another kind, with central HAProxys or a tier in front perhaps, and pushes in it. */
export function pushedOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'pushed');
  const tell = random.pick([operationsOf, operationsOf, holdsOf, holdsOf, maintainedOf, furtherSlotsOf]);
  const told = tell(seed, pace);
  const place = told.world.balancers ? 0 : random.below(5);
  const story = place === 1 ? inCentral(told, random) : place === 2 ? inFront(told, random) : told;
  const { world, acts, faults } = story;
  const instances = world.hosts.reduce((sum, { containers }) => sum + containers.length, 0);
  const own = pushes(pace.instanceMs * instances, random);
  const all = own.reduce((before, push) => before.toSpliced(random.below(before.length + 1), 0, push), acts);
  return {
    ...story,
    world: { ...world, isPushed: true },
    acts: all,
    faults: [...faults, ...own.flatMap(({ by }) => hindrances(by, random))],
  };
}

function pushes(withinMs: number, random: Random): readonly Act[] {
  const all: Act[] = [];
  for (let by = FIRST; by <= FIRST + random.pick([0, 1, 1, 2]) && by <= LAST; by += 1) {
    const isBeside = random.chance(0.2);
    all.push({
      ...{ command: 'haproxy push', by, config: random.pick(CONFIGS) },
      ...(isBeside && { atMs: random.below(withinMs) }),
      ...(random.chance(0.2) && { takeOver: true }),
      ...(random.chance(0.4) && { waitMs: random.pick([3_000, 20_000]) }),
    });
  }
  return all;
}

/** A push changes something eight times at each HAProxy, about. */
function hindrances(by: number, random: Random): Fault[] {
  const size = { instances: 1, withinMs: 12_000 };
  return [
    ...(random.chance(0.5) ? [killOf(by, size, random)] : []),
    ...(random.chance(0.4) ? [callFault(by, 1, random)] : []),
    ...(random.chance(0.3) ? [timed(random.pick(['reload', 'restart', 'reboot']), random.below(12_000), 0)] : []),
    ...(random.chance(0.2) ? [timed('signal', random.below(12_000), 0), timed('signal', random.below(12_000), 0)] : []),
  ];
}
