import { describe, expect, it } from 'vitest';
import { run } from './run.ts';
import { scenarioOf } from './stories.ts';

describe('a simulated story', () => {
  it.each([1, 2, 3, 5, 8, 13, 21, 34])('of seed %i is the same every time', async (seed) => {
    const one = await run(scenarioOf(seed), { isTold: true });
    const other = await run(scenarioOf(seed), { isTold: true });

    expect(other).toEqual(one);
    expect(one.lines.length).toBeGreaterThan(5);
  });
});
