import { furtherOf } from './further.ts';
import { operationsOf } from './operations.ts';
import { brisk, leisurely } from './pace.ts';
import { rolloutOf, type Scenario } from './scenario.ts';

/** Of so many seeds in a row the first two tell of all that can be asked for, the others of a rollout alone. */
const IN_A_ROW = 7;
/** One of so many takes its time. */
const LEISURELY = 5;

/** Everything that a seed decides. */
export function scenarioOf(seed: number): Scenario {
  const pace = seed % LEISURELY === 0 ? leisurely : brisk;
  const place = (seed + 1) % IN_A_ROW;
  if (place === 0) return furtherOf(seed, pace);
  return place === 1 ? operationsOf(seed, pace) : rolloutOf(seed, pace);
}
