import type { Breakage } from './playing.ts';
import { run, type Outcome } from './run.ts';
import { actText } from './acts.ts';
import type { Scenario } from './scenario.ts';

export interface Told {
  readonly scenario: Scenario;
  readonly outcome: Outcome;
}

/**
 * The same story with as few faults, commands and hosts as still break the same invariant; the whole one when none is
 * broken.
 */
export async function shortest(scenario: Scenario, breakage: Breakage): Promise<Told> {
  const whole = await run(scenario, { breakage });
  const invariant = whole.violations[0]?.invariant;
  let best = scenario;
  for (let isShorter = invariant !== undefined; isShorter;) {
    isShorter = false;
    for (const shorter of shorterThan(best)) {
      const { violations } = await run(shorter, { breakage });
      if (!violations.some((one) => one.invariant === invariant)) continue;
      best = shorter;
      isShorter = true;
      break;
    }
  }
  return { scenario: best, outcome: await run(best, { breakage, isTold: true }) };
}

function* shorterThan(scenario: Scenario): Generator<Scenario> {
  const { faults, acts, world } = scenario;
  for (const dropped of faults) yield { ...scenario, faults: faults.filter((fault) => fault !== dropped) };
  for (const dropped of acts.slice(1)) yield { ...scenario, acts: acts.filter((act) => act !== dropped) };
  if (world.hosts.length > 1) yield { ...scenario, world: { ...world, hosts: world.hosts.slice(0, -1) } };
}

export function storyOf({ scenario, outcome }: Told): string {
  const { world, play, faults, acts } = scenario;
  const hosts = world.hosts.map(({ name, containers, servers }) => {
    return `  ${name}: ${containers.length} containers, restart ${containers[0]?.restart ?? ''}, ${servers.length} servers`;
  });
  return [
    `seed ${scenario.seed}`,
    ...hosts,
    `  playbook ${JSON.stringify(play)}, keep ${world.keep}, new image ${JSON.stringify(world.next)}`,
    ...(world.policy ? [`  policy ${JSON.stringify(world.policy)}, monitor ${JSON.stringify(world.monitor)}`] : []),
    ...acts.map((act) => `  ${actText(act)}`),
    ...faults.map((fault) => `  fault ${JSON.stringify(fault)}`),
    ...outcome.lines,
    ...(outcome.violations.length === 0 ? ['all invariants hold'] : []),
  ].join('\n');
}
