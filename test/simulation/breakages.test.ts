import { describe, expect, it } from 'vitest';
import { centralBreakages } from './breakages-central.ts';
import { frontBreakages } from './breakages-front.ts';
import { operationBreakages } from './breakages-operations.ts';
import { pushBreakages } from './breakages-push.ts';
import { breakages } from './breakages.ts';
import { centralOf } from './central.ts';
import { frontOf } from './front.ts';
import { furtherOf } from './further.ts';
import { holdsOf } from './holds.ts';
import { brisk, hasty } from './pace.ts';
import { pushedOf } from './pushed.ts';
import { run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { blueGreenOf } from './slots.ts';
import { scenarioOf } from './stories.ts';
import type { Invariant } from './world/watchman.ts';

/** Seeds within which a breakage must have been caught. */
const WITHIN = 1_200;

/** Which invariant catches which breakage. */
const caught: Readonly<Record<string, Invariant>> = {
  'record written after acting': 'recorded-first',
  'journal not waited for': 'journalled-first',
  'record dropped before the server is back': 'recorded-first',
  'queue ignored': 'sessions',
  'retries ignored': 'sessions',
  'old workers ignored': 'sessions',
  'reloads not noticed': 'requests',
  'floor not looked at': 'floor',
  'ramp ends at its first step': 'named',
  'more at once than the play says': 'limits',
  'host replaced one by one': 'no-mix',
  'company forgotten': 'no-mix',
  'weight put back as configured': 'exact',
  'weight never put back': 'exact',
  'both slots given the same weight': 'exact',
  'one of two HAProxys not known of': 'requests',
  'ready without health down': 'proven',
  'lock on one host only': 'one-owner',
  'lock ignored': 'one-owner',
  'old container removed at once': 'one-version',
  'old container stopped as soon as the new one starts': 'sessions',
  'old container left to its restart policy': 'one-version',
  'readiness not looked at': 'proven',
  'fence ignored': 'one-owner',
  'resume does not look at the record': 'journal',
  'what others have left in work ignored': 'journal',
  'rollback to what is there': 'journal',
  'answers not listened to': 'asked',
  'what was created stays when it is taken back': 'nothing-left',
  'archive not written': 'archived-first',
  'monitor sees nothing': 'watched',
  'limits not looked at': 'limits',
  'what was put back told as updated': 'journal',
  'restore sets no weight': 'exact',
  'agent-check left silent': 'exact',
  'clock of the host not asked': 'back-in-time',
  'what is kept not seen to when it is over': 'back-in-time',
  'a serving container taken from an HAProxy out of reach': 'requests',
  'not known who may send requests to a serving container': 'sessions',
  'what answers again only told of': 'requests',
  'the tier in front only told of': 'requests',
  'push not recorded': 'recorded-first',
  'servers taken for as configured': 'carried',
  'passage left in place': 'nothing-left',
};

/** Where what is broken comes to be done. */
function storiesOf(name: string): (seed: number) => Scenario {
  if (name in pushBreakages) return (seed) => pushedOf(seed, hasty);
  if (name in frontBreakages) return (seed) => frontOf(seed, hasty);
  if (name in centralBreakages) return (seed) => centralOf(seed, hasty);
  if (!(name in operationBreakages)) return scenarioOf;
  const held = name.includes('kept') ? blueGreenOf : holdsOf;
  const operations = caught[name] === 'back-in-time' ? held : furtherOf;
  return (seed) => operations(seed, brisk);
}

async function firstSeed(name: string, invariant: Invariant): Promise<number | undefined> {
  const storyOf = storiesOf(name);
  for (let seed = 1; seed <= WITHIN; seed += 1) {
    const { violations } = await run(storyOf(seed), { breakage: breakages[name] ?? {} });
    if (!violations.some((one) => one.invariant === invariant)) continue;
    const unbroken = await run(storyOf(seed));
    if (!unbroken.violations.some((one) => one.invariant === invariant)) return seed;
  }
  return undefined;
}

describe('a simulation of what is broken on purpose', () => {
  it.each(Object.entries(caught))(
    `catches "%s" as "%s" within ${WITHIN} seeds`,
    async (name, invariant) => {
      expect(await firstSeed(name, invariant)).toBeDefined();
    },
    // What it takes when others work here, too, and more: how long is not what is tested.
    300_000,
  );

  it('catches every breakage there is', () => {
    expect(Object.keys(caught).toSorted()).toEqual(Object.keys(breakages).toSorted());
  });
});
