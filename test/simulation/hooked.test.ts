import { afterAll, describe, expect, it } from 'vitest';
import { placesAt } from '../../src/rollout/hooks.ts';
import { hooked } from './hooked.ts';
import { run } from './run.ts';
import { scenarioOf } from './stories.ts';

const seeds = Array.from({ length: 80 }, (_, index) => index + 1);
const seen = new Set<string>();

/** The stories of these seeds, with a hook at every point that hooks can stand at. */
describe('a story with hooks', () => {
  afterAll(() => {
    // At each point, one has ended well, and one has not.
    const all = Object.keys(placesAt).flatMap((point) => [`${point} ok`, `${point} failed`]);
    expect([...seen].filter((one) => all.includes(one)).toSorted()).toEqual(all.toSorted());
  });

  it.each(seeds)('of seed %i holds', async (seed) => {
    const { violations, lines } = await run(scenarioOf(seed), {
      breakage: { play: (play) => hooked(play, seed) },
      isTold: true,
    });

    for (const line of lines) {
      const told = /hook-ended .*"point":"(\w+)".*"result":"(\w+)"/.exec(line);
      if (told) seen.add(`${String(told[1])} ${String(told[2])}`);
    }
    expect(violations).toEqual([]);
  });
});
