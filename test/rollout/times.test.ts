import { describe, expect, it } from 'vitest';
import type { ContainerSpec, Healthcheck } from '../../src/rollout/container-spec.ts';
import { doubtfulTimes, doubtfulTimesWith, impossibleTimes } from '../../src/rollout/times.ts';
import { anInstance } from '../support/builders.ts';

interface Times {
  readonly within?: number;
  readonly drain?: number;
  readonly watched?: number;
  readonly every?: number;
  readonly healthcheck?: Healthcheck;
  readonly stopGraceMs?: number;
}

function timed({ within = 60_000, drain = 60_000, watched, every = 1_000, healthcheck, stopGraceMs }: Times) {
  const spec: ContainerSpec = { image: 'shop', pullPolicy: 'always', healthcheck, stopGraceMs };
  const monitor =
    watched === undefined
      ? undefined
      : { forMs: watched, everyMs: every, maxErrors: { percent: 5 }, compare: undefined };
  return anInstance({
    ...{ spec, monitor, drain: { timeoutMs: drain, onTimeout: 'fail' as const } },
    ready: { probe: undefined, withinMs: within, everyMs: 250 },
  });
}

const check = { test: ['CMD', 'true'], intervalMs: 30_000 };

describe('impossibleTimes()', () => {
  // prettier-ignore
  it.each<{ why: string; times: Times; says: readonly string[] }>([
    { why: 'nothing declared',                         times: {},                                                          says: [] },
    { why: 'a healthcheck in time',                    times: { within: 30_000, healthcheck: check },                      says: [] },
    { why: 'a first healthcheck that is too late',     times: { within: 29_000, healthcheck: check },                      says: ['ready.within: 29s is over before its healthcheck is made for the first time, after 30s'] },
    { why: 'an earlier one in the start period',       times: { within: 6_000, healthcheck: { ...check, startPeriodMs: 10_000 } }, says: [] },
    { why: 'a start interval that is too long',        times: { within: 6_000, healthcheck: { ...check, startPeriodMs: 10_000, startIntervalMs: 7_000 } }, says: ['ready.within: 6s is over before its healthcheck is made for the first time, after 7s'] },
    { why: 'an interval that the image has',           times: { within: 1_000, healthcheck: { test: ['CMD', 'true'] } },   says: [] },
    { why: 'a healthcheck that is switched off',       times: { within: 1_000, healthcheck: { ...check, test: ['NONE'] } }, says: [] },
    { why: 'a look that comes after the watch',        times: { watched: 5_000, every: 6_000 },                            says: ['monitor.every: 6s is longer than it is watched, 5s'] },
  ])('$why', ({ times, says }) => {
    expect(impossibleTimes(timed(times)).map(({ key, why }) => `${key}: ${why}`)).toEqual(says);
  });
});

describe('doubtfulTimes()', () => {
  // prettier-ignore
  it.each<{ why: string; times: Times; says: readonly string[] }>([
    { why: 'nothing declared',                  times: {},                                                               says: [] },
    { why: 'time for all retries',              times: { within: 90_000, healthcheck: check },                           says: [] },
    { why: 'less than the healthcheck allows',  times: { within: 90_000, healthcheck: { ...check, startPeriodMs: 5_000 } }, says: ['is given up after ready.within 1m30s, and its healthcheck allows it 1m35s to start (start_period 5s and interval × retries 1m30s)'] },
    { why: 'a watch shorter than the retries',  times: { within: 90_000, watched: 30_000, healthcheck: check },          says: ['is watched for 30s, and its healthcheck takes 1m30s to call it unhealthy (interval × retries)'] },
    { why: 'a grace as long as the drain',      times: { stopGraceMs: 60_000 },                                         says: [] },
    { why: 'a grace longer than the drain',     times: { stopGraceMs: 600_000 },                                        says: ['has stop_grace_period 10m to finish what it has in hand, and drain.timeout gives requests only 1m'] },
  ])('$why', ({ times, says }) => {
    expect(doubtfulTimes(timed(times))).toEqual(says);
  });
});

describe('doubtfulTimesWith()', () => {
  const slow = { test: ['CMD', 'true'], startPeriodMs: 60_000, intervalMs: 10_000 };
  const late =
    'is given up after ready.within 1m, and its healthcheck allows it 1m30s to start (start_period 1m and interval × retries 30s)';

  // prettier-ignore
  it.each<{ why: string; inherited?: Healthcheck; times: Times; says: readonly string[] }>([
    { why: 'no healthcheck in the image',              times: {},                                                                           says: [] },
    { why: "the image's own times",                    inherited: slow, times: {},                                                          says: [late] },
    { why: "Docker's, where the image says nothing",   inherited: { test: ['CMD', 'true'] }, times: { within: 89_000 },                      says: ['is given up after ready.within 1m29s, and its healthcheck allows it 1m30s to start (start_period 0s and interval × retries 1m30s)'] },
    { why: 'what is declared over that',               inherited: slow, times: { healthcheck: { startPeriodMs: 1_000 } },                   says: [] },
    { why: 'what is declared has been judged already', inherited: slow, times: { healthcheck: { ...check, startPeriodMs: 60_000 } },        says: [] },
    { why: 'a healthcheck that is switched off',       inherited: slow, times: { healthcheck: { test: ['NONE'] } },                         says: [] },
    { why: 'a watch shorter than the retries',         inherited: slow, times: { within: 90_000, watched: 5_000 },                          says: ['is watched for 5s, and its healthcheck takes 30s to call it unhealthy (interval × retries)'] },
  ])('$why', ({ inherited, times, says }) => {
    expect(doubtfulTimesWith(inherited, timed(times))).toEqual(says);
  });
});
