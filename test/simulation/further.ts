/** Stories with somebody to ask, with containers that are not there yet, and with agents that do not leave off. */
import type { Act } from './acts.ts';
import { WAITS, type Fault } from './faults.ts';
import { operationsOf, withAgents } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import { timed, type Scenario } from './scenario.ts';
import type { HostSetting } from './world/host.ts';
import type { WorldSetting } from './world/world.ts';

/** The story of `operationsOf`, and more in it. */
export function furtherOf(seed: number, pace: Pace = leisurely): Scenario {
  const told = operationsOf(seed, pace);
  const random = new Random(seed, 'further');
  const hasAgents = random.chance(0.3);
  const world = worldOf(told.world, hasAgents, random);
  const faults = [...told.faults, ...waits(told.acts, random), ...(hasAgents ? agents(told, random) : [])];
  return { ...told, world, faults };
}

function worldOf(world: WorldSetting, hasAgents: boolean, random: Random): WorldSetting {
  const { policy, keep } = world;
  const hosts = world.hosts.map((host) => (random.chance(0.35) ? withNew(host) : host));
  return {
    ...world,
    hosts: hasAgents ? hosts.map(withAgents) : hosts,
    policy: policy && {
      ...policy,
      onFailure: random.pick([policy.onFailure, 'ask', 'ask']),
      pause: random.pick([policy.pause, 'ask', 20_000]),
    },
    keep: random.pick([keep, keep, 2]),
  };
}

/** Its last container is not there yet, so that its servers are not to be counted on. */
export function withNew(host: HostSetting): HostSetting {
  const last = host.containers.at(-1);
  return {
    ...host,
    containers: host.containers.map((one) => (one === last ? { ...one, isNew: true } : one)),
    floor: Math.max(1, host.floor - 1),
  };
}

function waits(acts: readonly Act[], random: Random): Fault[] {
  return acts.flatMap(({ by }) =>
    random.chance(0.4) ? [{ kind: 'wait', by, during: random.pick(WAITS), ms: random.pick([0, 500, 5_000]) }] : [],
  );
}

function agents({ world: { hosts } }: Scenario, random: Random): Fault[] {
  return [{ ...timed('agents', random.below(6_000), random.below(hosts.length)), ms: random.pick([3_000, 30_000]) }];
}
