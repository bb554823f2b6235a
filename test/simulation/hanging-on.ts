/** Stories in which an Engine or an HAProxy ceases to answer for longer than it is waited for, or for less. */
import { HANGS, type TimedFault } from './faults.ts';
import type { Pace } from './pace.ts';
import { Random } from './random.ts';
import { timed, type Scenario } from './scenario.ts';

/** Some are over before anything is given up on, some after a look, after a stop, and after everything. */
const FOR_MS = [2_000, 12_000, 18_000, 25_000, 70_000] as const;

/** The same story, in which services hang now and then. */
export function hangingOn(told: Scenario, { instanceMs }: Pace): Scenario {
  const { hosts } = told.world;
  const random = new Random(told.seed, 'hangs');
  const withinMs = instanceMs * hosts.reduce((sum, { containers }) => sum + containers.length, 0);
  const hangs = Array.from({ length: random.pick([1, 1, 2, 3]) }, (): TimedFault => {
    const which = timed(random.pick(HANGS), random.below(withinMs), random.below(hosts.length));
    return { ...which, ms: random.pick(FOR_MS) };
  });
  return { ...told, faults: [...told.faults, ...hangs] };
}
