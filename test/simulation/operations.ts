/** Stories of everything that an operator can ask for, one thing after the other and beside each other. */
import type { MonitorPolicy } from '../../src/rollout/model.ts';
import { defaultPolicy, type Policy } from '../../src/rollout/policy.ts';
import type { Act, Command } from './acts.ts';
import { OTHERS_FAULTS, type Fault, type TimedFault } from './faults.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import { callFault, killOf, rolloutOf, timed, type Scenario } from './scenario.ts';
import type { Behaviour } from './world/engine.ts';
import type { HostSetting } from './world/host.ts';
import type { WorldSetting } from './world/world.ts';

/** The fleet and the first disasters of `rolloutOf`, and more of each; draws of its own, so that those stay as they are. */
export function operationsOf(seed: number, pace: Pace = leisurely): Scenario {
  const { play, world: fleet, faults } = rolloutOf(seed, pace);
  const random = new Random(seed, 'operations');
  const world = worldOf(fleet, random);
  const acts = actsOf(world, random, pace);
  return {
    seed,
    world,
    play,
    acts,
    faults: [...faults, ...moreFaults({ world, acts, pace }, new Random(seed, 'hindrances'))],
  };
}

function worldOf(world: WorldSetting, random: Random): WorldSetting {
  const hasAgents = random.chance(0.2);
  return {
    ...world,
    hosts: world.hosts.map((host) => (hasAgents ? withAgents(host) : host)),
    next: random.chance(0.4) ? badLater(world.next, random) : world.next,
    policy: policyOf(random),
    monitor: random.chance(0.5) ? monitorOf(random) : undefined,
  };
}

export function withAgents(host: HostSetting): HostSetting {
  return { ...host, servers: host.servers.map((line) => ({ ...line, hasAgent: line.name !== 'other' })) };
}

/** A version that proves itself, and goes bad some time after. */
function badLater({ answersAfterMs }: Behaviour, random: Random): Behaviour {
  const afterMs = random.between(4_000, 30_000);
  const kind = random.below(3);
  if (kind === 0) return { answersAfterMs, exitsAfterMs: afterMs };
  return kind === 1 ? { answersAfterMs, unhealthyAfterMs: afterMs } : { answersAfterMs, errsAfterMs: afterMs };
}

function policyOf(random: Random): Policy {
  return {
    ...defaultPolicy,
    onFailure: random.pick(['pause', 'rollback', 'rollback', 'continue']),
    maxFailures: random.pick([undefined, undefined, { hosts: 0 }, { hosts: 1 }, { percent: 50 }]),
    countUnreachable: random.chance(0.5),
    unreachable: random.pick(['fail', 'skip']),
    instanceDeadlineMs: random.pick([undefined, undefined, undefined, 4_000, 15_000]),
    runDeadlineMs: random.pick([undefined, undefined, undefined, 8_000, 30_000]),
    pause: random.pick([0, 0, 0, 2_000]),
  };
}

function monitorOf(random: Random): MonitorPolicy {
  return {
    forMs: random.pick([5_000, 15_000, 40_000]),
    everyMs: random.pick([500, 1_000, 2_000]),
    maxErrors: random.pick([{ errors: 0 }, { errors: 5 }, { percent: 10 }]),
    compare: random.pick([undefined, 3]),
  };
}

const NEXT: readonly [Command, ...Command[]] = [
  ...(['resume', 'resume', 'resume', 'rollback', 'rollback', 'recover', 'rollout', 'drain', 'restore'] as const),
];

function actsOf(world: WorldSetting, random: Random, { instanceMs }: Pace): Act[] {
  const instances = world.hosts.reduce((sum, { containers }) => sum + containers.length, 0);
  const first: Act = random.chance(0.08) ? drainOf(0, world, random) : { command: 'rollout', by: 0 };
  const acts = [first];
  for (let by = 10; by <= 10 * random.pick([0, 1, 1, 2, 2, 3]); by += 10) acts.push(nextOf(by, world, random));
  const beside: Act[] = [];
  for (let by = 1; by <= random.pick([0, 0, 0, 1, 1, 2]); by += 1) {
    const atMs = random.below(instanceMs * instances);
    beside.push({ ...nextOf(by, world, random), atMs, ...(random.chance(0.5) && { host: random.below(3) }) });
  }
  const calm: Act[] = [];
  for (let by = 40; by <= 40 + 10 * random.pick([-1, 0, 0, 1]); by += 10) {
    calm.push({ ...nextOf(by, world, random), isCalm: true });
  }
  return [...acts, ...beside, ...calm];
}

function nextOf(by: number, world: WorldSetting, random: Random): Act {
  const command = random.pick(NEXT);
  if (command === 'drain') return drainOf(by, world, random);
  return { command, by, ...locking(random) };
}

function drainOf(by: number, { hosts }: WorldSetting, random: Random): Act {
  const isOne = random.chance(0.6);
  const names = hosts[0]?.containers.map(({ name }) => name) ?? [];
  return {
    ...{ command: 'drain', by, host: random.below(3), ...locking(random) },
    ...(isOne && { server: names[random.below(names.length)] ?? 'pxApp_1' }),
  };
}

function locking(random: Random): Pick<Act, 'takeOver' | 'waitMs'> {
  return {
    ...(random.chance(0.35) && { takeOver: true }),
    ...(random.chance(0.4) && { waitMs: random.pick([3_000, 20_000, 120_000]) }),
  };
}

function moreFaults(
  { world: { hosts }, acts, pace: { instanceMs } }: { world: WorldSetting; acts: readonly Act[]; pace: Pace },
  random: Random,
): Fault[] {
  const instances = hosts.reduce((sum, { containers }) => sum + containers.length, 0);
  const faults: Fault[] = [];
  for (const { by } of acts.slice(1)) {
    if (random.chance(0.35)) faults.push(killOf(by, { instances, withinMs: instanceMs * instances }, random));
    if (random.chance(0.35)) faults.push(callFault(by, instances, random));
  }
  const turns = acts.filter(({ atMs, isCalm }) => atMs === undefined && !isCalm).length;
  const withinMs = turns * instanceMs * instances;
  const atMs = (): number => random.below(withinMs);
  for (let left = random.pick([0, 0, 1, 1, 2]); left > 0; left -= 1) {
    const fault = timed(random.pick(OTHERS_FAULTS), atMs(), random.below(hosts.length));
    faults.push({ ...fault, which: random.below(6), ms: random.pick([1_000, 5_000, 20_000]) });
  }
  if (random.chance(0.15)) faults.push(timed('signal', atMs(), 0));
  if (random.chance(0.15)) faults.push(timed('kill', atMs(), 0));
  if (random.chance(0.08)) faults.push({ ...timed('freeze', atMs(), 0), ms: random.pick([10_000, 30_000, 60_000]) });
  if (random.chance(0.1)) faults.push(...outOfReach(hosts, random));
  return faults;
}

/** From the beginning, or from soon after it. */
function outOfReach(hosts: readonly HostSetting[], random: Random): TimedFault[] {
  const ms = random.pick([3_000, 20_000, 60_000]);
  return [{ ...timed('unreachable', random.pick([0, 0, 500, 5_000]), random.below(hosts.length)), ms }];
}
