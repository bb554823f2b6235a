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

/** Which invariant catches which breakage, and the first seed that has shown it: there it is looked for first. */
const caught: Readonly<Record<string, readonly [Invariant, number]>> = {
  'record written after acting': ['recorded-first', 1],
  'journal not waited for': ['journalled-first', 1],
  'record dropped before the server is back': ['recorded-first', 1],
  'late effects not waited for': ['one-version', 27],
  'queue ignored': ['sessions', 12],
  'retries ignored': ['sessions', 256],
  'old workers ignored': ['sessions', 100],
  'reloads not noticed': ['requests', 566],
  'floor not looked at': ['floor', 20],
  'backends taken for as first seen': ['floor', 493],
  'floor not looked at while servers are away': ['floor', 391],
  'ramp ends at its first step': ['named', 37],
  'more at once than the play says': ['limits', 68],
  'host replaced one by one': ['no-mix', 18],
  'company forgotten': ['no-mix', 158],
  'weight put back as configured': ['exact', 2],
  'weight never put back': ['exact', 2],
  'both slots given the same weight': ['exact', 8],
  'one of two HAProxys not known of': ['requests', 68],
  'ready without health down': ['proven', 1],
  'lock on one host only': ['one-owner', 102],
  'lock ignored': ['one-owner', 24],
  'lock not released': ['locks-free', 1],
  'clock stands still': ['ends', 1],
  'unforeseen error taken for none of ours': ['ends', 1],
  'old container removed at once': ['one-version', 1],
  'old container stopped as soon as the new one starts': ['sessions', 1],
  'old container left to its restart policy': ['one-version', 21],
  'readiness not looked at': ['proven', 1],
  'fence ignored': ['one-owner', 105],
  'resume does not look at the record': ['journal', 33],
  'what others have left in work ignored': ['journal', 16],
  'rollback to what is there': ['journal', 21],
  'answers not listened to': ['asked', 8],
  'what was created stays when it is taken back': ['nothing-left', 10],
  'archive not written': ['archived-first', 1],
  'monitor sees nothing': ['watched', 225],
  'limits not looked at': ['limits', 9],
  'what was put back told as updated': ['journal', 5],
  'what is left out of service told as put back': ['named', 1],
  'restore sets no weight': ['exact', 6],
  'agent-check left silent': ['exact', 5],
  'clock of the host not asked': ['back-in-time', 3],
  'what is kept not seen to when it is over': ['back-in-time', 8],
  'a serving container taken from an HAProxy out of reach': ['requests', 12],
  'not known who may send requests to a serving container': ['sessions', 12],
  'what answers again only told of': ['requests', 88],
  'the tier in front only told of': ['requests', 21],
  'push not recorded': ['recorded-first', 2],
  'servers taken for as configured': ['carried', 25],
  'passage left in place': ['nothing-left', 2],
};

/** Where what is broken comes to be done. */
function storiesOf(name: string): (seed: number) => Scenario {
  if (name in pushBreakages) return (seed) => pushedOf(seed, hasty);
  if (name in frontBreakages) return (seed) => frontOf(seed, hasty);
  if (name in centralBreakages) return (seed) => centralOf(seed, hasty);
  if (!(name in operationBreakages)) return scenarioOf;
  const held = name.includes('kept') ? blueGreenOf : holdsOf;
  const operations = caught[name]?.[0] === 'back-in-time' ? held : furtherOf;
  return (seed) => operations(seed, brisk);
}

async function seedThatCatches(name: string, invariant: Invariant, last: number): Promise<number | undefined> {
  const storyOf = storiesOf(name);
  const all = Array.from({ length: WITHIN }, (_, index) => index + 1);
  for (const seed of [last, ...all]) {
    const { violations } = await run(storyOf(seed), { breakage: breakages[name] ?? {} });
    if (!violations.some((one) => one.invariant === invariant)) continue;
    const unbroken = await run(storyOf(seed));
    if (!unbroken.violations.some((one) => one.invariant === invariant)) return seed;
  }
  return undefined;
}

describe('a simulation of what is broken on purpose', () => {
  it.each(Object.entries(caught).map(([name, [invariant, last]]) => ({ name, invariant, last })))(
    `catches "$name" as "$invariant" within ${WITHIN} seeds`,
    async ({ name, invariant, last }) => {
      expect(await seedThatCatches(name, invariant, last)).toBeDefined();
    },
  );

  it('catches every breakage there is', () => {
    expect(Object.keys(caught).toSorted()).toEqual(Object.keys(breakages).toSorted());
  });
});
