/** Stories in which something is drained for a time, and is to be back by itself, by the next run, or by cron. */
import type { Act } from './acts.ts';
import type { Fault } from './faults.ts';
import { furtherOf } from './further.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import { callFault, killOf, type Scenario } from './scenario.ts';

/** Who drains for a time, who makes that longer, and cron. */
const HOLDER = 70;
const LONGER = 71;
const CRON = 72;

/** The story of `furtherOf`, and such drains in it. */
export function holdsOf(seed: number, pace: Pace = leisurely): Scenario {
  const told = furtherOf(seed, pace);
  const random = new Random(seed, 'holds');
  const { instanceMs } = pace;
  const instances = told.world.hosts.reduce((sum, { containers }) => sum + containers.length, 0);
  const host = random.below(3);
  const names = told.world.hosts[0]?.containers.map(({ name }) => name) ?? [];
  const which = random.chance(0.5) ? { server: random.pick(['pxApp_1', ...names]) } : {};
  const holder: Act = { command: 'drain', by: HOLDER, host, ...which, forMs: random.pick([2_000, 10_000, 30_000]) };
  const longer: Act = { ...holder, by: LONGER, forMs: random.pick([1_000, 20_000]) };
  const cron: Act = { command: 'restore', by: CRON, isExpired: true };
  const beside = { atMs: random.below(instanceMs * instances) };
  const acts = [
    ...(random.chance(0.3) ? [{ ...holder, ...beside }] : [holder]),
    ...(random.chance(0.4) ? [random.chance(0.5) ? longer : { ...longer, atMs: random.below(20_000) }] : []),
    ...(random.chance(0.6) ? [cron] : []),
  ];
  return { ...told, acts: told.acts.toSpliced(1, 0, ...acts), faults: [...told.faults, ...hindrances(acts, random)] };
}

function hindrances(acts: readonly Act[], random: Random): Fault[] {
  return acts.flatMap(({ by }): Fault[] => [
    ...(random.chance(0.5)
      ? [{ kind: 'wait' as const, by, during: 'hold-started' as const, ms: random.below(12_000) }]
      : []),
    ...(random.chance(0.25) ? [killOf(by, { instances: 1, withinMs: 10_000 }, random)] : []),
    ...(random.chance(0.25) ? [callFault(by, 1, random)] : []),
  ]);
}
