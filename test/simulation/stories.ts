import { centralBlueGreenOf, centralOf } from './central.ts';
import { frontOf } from './front.ts';
import { furtherOf } from './further.ts';
import { hangingOn } from './hanging-on.ts';
import { holdsOf } from './holds.ts';
import { maintainedOf } from './maintained.ts';
import { operationsOf } from './operations.ts';
import { brisk, hasty, leisurely, type Pace } from './pace.ts';
import { pacedOf } from './paced.ts';
import { pushedOf } from './pushed.ts';
import { recreatedOf } from './recreated.ts';
import { commandsOf, restartsOf } from './restarts.ts';
import { rolloutOf, type Scenario } from './scenario.ts';
import { backedUp, fixed } from './set-ups.ts';
import { blueGreenOf, furtherBlueGreenOf, furtherSlotsOf, slotsOf } from './slots.ts';

/** Of so many seeds in a row the first three tell of all that can be asked for, the others mostly of a rollout alone. */
const IN_A_ROW = 7;
/** Of sixteen in a row these have `server: discover`. */
const OF_SIXTEEN = 16;
const DISCOVERING: readonly number[] = [9, 12];
/** In these the algorithm is static, and in these there are backup servers. */
const FIXED = 5;
const BACKED_UP = 13;
/** No divisor of how many kinds there are, so that services hang in all of them. */
const HANGS_EVERY = 11;
const HANGS_AT = 4;
/** Of five in a row. */
const PACES: readonly Pace[] = [leisurely, brisk, hasty, hasty, hasty];

const slotted = [slotsOf, furtherSlotsOf, blueGreenOf, furtherBlueGreenOf] as const;

/** Everything that a seed decides. */
export function scenarioOf(seed: number): Scenario {
  const told = setUp(seed);
  return seed % HANGS_EVERY === HANGS_AT ? hangingOn(told, paceOf(seed)) : told;
}

function setUp(seed: number): Scenario {
  const told = toldOf(seed);
  const place = seed % OF_SIXTEEN;
  if (place === FIXED) return fixed(told);
  if (place === BACKED_UP) return backedUp(told);
  return DISCOVERING.includes(place) ? discovering(told) : told;
}

/** The same story, in which the names of servers are not in the playbook. */
export function discovering(told: Scenario): Scenario {
  return { ...told, play: { ...told.play, isDiscovering: true } };
}

function paceOf(seed: number): Pace {
  return PACES[seed % PACES.length] ?? leisurely;
}

function toldOf(seed: number): Scenario {
  const pace = paceOf(seed);
  const place = (seed + 1) % IN_A_ROW;
  if (place === 0) return seed % 3 === 0 ? holdsOf(seed, pace) : furtherOf(seed, pace);
  if (place === 1) return operationsOf(seed, pace);
  if (place === 2 && seed % 5 === 3) return centralBlueGreenOf(seed, pace);
  if (place === 2) return slotted[seed % slotted.length]?.(seed, pace) ?? slotsOf(seed, pace);
  if (place === 3 && seed % 2 === 0) return seed % 3 === 0 ? commandsOf(seed, pace) : restartsOf(seed, pace);
  if (place === 3) return pacedOf(seed, pace);
  if (place === 4) return seed % 2 === 0 ? frontOf(seed, pace) : pushedOf(seed, pace);
  if (place === 6 && seed % 2 === 0) return seed % 3 === 0 ? maintainedOf(seed, pace) : centralOf(seed, pace);
  if (place === 5 && seed % 2 === 0) return recreatedOf(seed, pace);
  return rolloutOf(seed, pace);
}
