import { describe, expect, it } from 'vitest';
import { rampSteps, rampText, stepReached, weightAt } from '../../src/rollout/ramp.ts';

describe('weightAt()', () => {
  // prettier-ignore
  it.each([
    { weight: 100, percent: 10, at: 10 },
    { weight: 10,  percent: 10, at: 1 },
    { weight: 15,  percent: 10, at: 2 },
    { weight: 3,   percent: 50, at: 2 },
    { weight: 2,   percent: 1,  at: 1 },
    { weight: 1,   percent: 50, at: 1 },
    { weight: 256, percent: 29, at: 75 },
    { weight: 100, percent: 29, at: 29 },
    { weight: 0,   percent: 50, at: 0 },
  ])('is $at for $percent % of $weight', ({ weight, percent, at }) => {
    expect(weightAt(weight, percent)).toBe(at);
  });
});

describe('rampSteps()', () => {
  // prettier-ignore
  it.each([
    { weights: [100],    percents: [10, 50],     steps: [10, 50],     says: 'all of them' },
    { weights: [2],      percents: [10, 50],     steps: [10],         says: 'one of two that are the same weight' },
    { weights: [1],      percents: [10, 50],     steps: [],           says: 'none at weight 1' },
    { weights: [0],      percents: [10, 50],     steps: [],           says: 'none at weight 0' },
    { weights: [],       percents: [10, 50],     steps: [],           says: 'none without a server' },
    { weights: [3],      percents: [10, 50, 90], steps: [10, 50],     says: 'none that is the whole weight already' },
    { weights: [1, 100], percents: [10, 50],     steps: [10, 50],     says: 'those of the server that has any' },
  ])('has $says', ({ weights, percents, steps }) => {
    expect(rampSteps(weights, { percents })).toEqual(steps);
  });
});

describe('stepReached()', () => {
  // prettier-ignore
  it.each([
    { servers: [{ weight: 100, now: 0 }],                              reached: 0 },
    { servers: [{ weight: 100, now: 10 }],                             reached: 10 },
    { servers: [{ weight: 100, now: 49 }],                             reached: 10 },
    { servers: [{ weight: 100, now: 50 }],                             reached: 50 },
    { servers: [{ weight: 100, now: 100 }],                            reached: 100 },
    { servers: [{ weight: 100, now: 200 }],                            reached: 100 },
    { servers: [{ weight: 100, now: 50 }, { weight: 10, now: 1 }],     reached: 10 },
  ])('is $reached for $servers', ({ servers, reached }) => {
    expect(stepReached(servers, { percents: [10, 50] })).toBe(reached);
  });
});

describe('rampText()', () => {
  // prettier-ignore
  it.each([
    { weights: [20],     text: 'ramp: weight 2, 10, then 20, 30s each' },
    { weights: [20, 20], text: 'ramp: weight 2, 10, then 20, 30s each' },
    { weights: [20, 4],  text: 'ramp: weight 2, 10, then 20; 1, 2, then 4, 30s each' },
    { weights: [1],      text: 'no ramp: weight 1 has no smaller step' },
    { weights: [0],      text: 'no ramp: weight 0 has no smaller step' },
  ])('of $weights says so', ({ weights, text }) => {
    expect(rampText(weights, { percents: [10, 50], everyMs: 30_000 })).toBe(text);
  });
});
