import { describe, expect, it } from 'vitest';
import { CALL_FAULTS, type Fault } from './faults.ts';
import { run } from './run.ts';
import { scenarioOf, type Scenario } from './scenario.ts';

/** One host whose servers do not have their configured weights, under load, rolled out to a good image. */
function aStory(faults: readonly Fault[], rescues = 0): Scenario {
  const { world, play } = scenarioOf(1);
  const names = ['pxApp_1', 'pxApp_2'];
  const servers = names.map((name, index) => ({ backend: 'pxapp_cluster', name, port: 8081 + index, weight: 10 }));
  const fe1 = {
    name: 'fe1',
    containers: names.map((name, index) => ({ name, port: 8081 + index, restart: 'always' })),
    ...{ servers, weights: { 'pxapp_cluster/pxApp_1': 126, 'pxapp_cluster/pxApp_2': 61 }, floor: 1 },
    ...{ checking: { interMs: 200, rise: 2, fall: 3 }, requestEveryMs: 80 },
  };
  return {
    ...{ seed: 1, faults, rescues },
    world: { ...world, hosts: [fe1], next: { answersAfterMs: 300 }, startsMs: 300, keep: 0 },
    play: { ...play, serial: 1, timeoutMs: 10_000, onTimeout: 'fail', readyWithinMs: 5_000, soakMs: 1_000 },
  };
}

async function brokenBy(story: Scenario): Promise<string[]> {
  return (await run(story)).violations.map(({ invariant, text }) => `${invariant}: ${text}`);
}

const CHANGES = 26;

describe('what the simulation has found', () => {
  it('a reload at any moment, also during the soak, leaves every weight exact', async () => {
    for (let atMs = 2_000; atMs < 20_000; atMs += 170) {
      const story = aStory([{ kind: 'reload', atMs, host: 0, which: 0, ms: 0 }]);
      const broken = (await brokenBy(story)).filter((one) => !one.startsWith('sessions'));

      expect({ atMs, broken }).toEqual({ atMs, broken: [] });
    }
  });

  it.each(CALL_FAULTS)('any change %s leaves the fleet whole', async (how) => {
    for (let nth = 0; nth < CHANGES; nth += 1) {
      const broken = await brokenBy(aStory([{ kind: 'call', by: 0, on: 'change', nth, how, ms: 150 }]));

      expect({ nth, broken }).toEqual({ nth, broken: [] });
    }
  });

  it.each([
    [1526, 'a retry that began between the first look of the drain and weight 0'],
    [8801, 'an answer about one server of two that is not understood, while the other is being taken out'],
    [2361, 'a record whose writing broke off, and the next instance after it'],
    [1031, 'a rename that lands after its connection broke'],
    [2394, 'a retry during a drain that is taken again'],
    [3409, 'an old container that fell over for good just before its drain'],
    [9430, 'a lock that is taken after its connection broke'],
  ])('seed %i: %s', async (seed) => {
    expect(await brokenBy(scenarioOf(seed))).toEqual([]);
  });

  it.each(['killBefore', 'killAfter'] as const)(
    'a controller %s any change, and one that recovers too',
    async (how) => {
      for (let nth = 0; nth < CHANGES; nth += 1) {
        const faults = [0, 10].map((by) => ({ kind: 'call', by, on: 'change', nth, how, ms: 0 }) as const);
        const broken = await brokenBy(aStory(faults, 1));

        expect({ nth, broken }).toEqual({ nth, broken: [] });
      }
    },
  );
});
