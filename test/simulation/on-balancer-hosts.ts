/** HAProxys on two hosts of their own: how they are set up, and what becomes of them in a story. */
import type { Act } from './acts.ts';
import type { Fault, TimedFault } from './faults.ts';
import type { Random } from './random.ts';
import { timed, type Scenario } from './scenario.ts';
import type { HostSetting } from './world/host.ts';
import type { WorldSetting } from './world/world.ts';

const BALANCERS = ['lb1', 'lb2'] as const;
const RESCUER = 80;

type Own = Pick<HostSetting, 'servers' | 'weights' | 'floor'>;

/** One for each of them, set up like the others of the story. */
export function balancerHosts({ hosts }: WorldSetting, own: () => Own): readonly HostSetting[] {
  const [first] = hosts;
  if (!first) throw new Error('there is a host at least');
  const { checking, requestEveryMs, longRequestMs } = first;
  return BALANCERS.map((name) => ({ name, containers: [], ...own(), checking, requestEveryMs, longRequestMs }));
}

/** The same story, in which some of what happens does so to these, and one of them may be away. */
export function troubled(told: Scenario, random: Random): Scenario {
  const { world, acts } = told;
  const policy = world.policy && { ...world.policy, unreachableBalancer: random.pick(['fail', 'skip'] as const) };
  const faults = told.faults.map((fault) => ('atMs' in fault ? moved(fault, random) : fault));
  const lost = random.below(BALANCERS.length);
  return {
    ...told,
    world: { ...world, ...(policy && { policy }) },
    acts: rescued(acts, BALANCERS[lost] ?? '', random),
    faults: [...faults, ...trouble(lost, random)],
  };
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
