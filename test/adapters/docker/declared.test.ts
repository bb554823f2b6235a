import { expect, it } from 'vitest';
import { declaredOf, healthcheckOf } from '../../../src/adapters/docker/declared.ts';

it.each([
  [{}],
  [
    {
      test: ['CMD', 'true'],
      intervalMs: 1_500,
      timeoutMs: 300,
      startPeriodMs: 10_000,
      startIntervalMs: 250,
      retries: 4,
    },
  ],
])('a healthcheck of the Engine reads as it was declared: %j', (healthcheck) => {
  expect(declaredOf(healthcheckOf(healthcheck))).toEqual(healthcheck);
});

it("times of 0 are nobody's", () => {
  expect(declaredOf({ Test: ['CMD', 'true'], Interval: 0, Retries: 0 })).toEqual({ test: ['CMD', 'true'] });
});
