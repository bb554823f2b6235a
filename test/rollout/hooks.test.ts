import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  batchPoints,
  hookEnvironment,
  hookName,
  hookVariables,
  hostPoints,
  instancePoints,
  placesAt,
  runPoints,
  worstOf,
  type HookSubject,
  type Occasion,
} from '../../src/rollout/hooks.ts';
import { aHook } from '../support/hooks.ts';

const subject: HookSubject = { name: 'smoke', point: 'before_traffic', where: 'new_container', play: 'Front ends' };

const whole: Occasion = {
  ...{ run: '20261129-0900-1a2b', by: 'ann@desk', play: 'Front ends', hosts: ['fe1', 'fe2'] },
  ...{ batch: { number: 2, of: 3 }, host: 'fe1', container: 'pxApp_1', slot: 'a' },
  ...{ images: { old: 'shop:1', new: 'shop:2' }, result: 'failed', reason: 'it is\n  sick' },
};

describe('the environment of a hook', () => {
  it('tells all that there is', () => {
    expect(hookEnvironment(aHook(), { ...subject, host: 'fe1' }, whole)).toEqual({
      ...{ SLUICE_RUN: '20261129-0900-1a2b', SLUICE_BY: 'ann@desk', SLUICE_PLAY: 'Front ends' },
      ...{ SLUICE_HOOK: 'smoke', SLUICE_POINT: 'before_traffic', SLUICE_HOSTS: 'fe1 fe2' },
      ...{ SLUICE_BATCH: '2', SLUICE_BATCHES: '3', SLUICE_HOST: 'fe1', SLUICE_CONTAINER: 'pxApp_1', SLUICE_SLOT: 'a' },
      ...{ SLUICE_IMAGE_OLD: 'shop:1', SLUICE_IMAGE_NEW: 'shop:2' },
      ...{ SLUICE_RESULT: 'failed', SLUICE_REASON: 'it is; sick' },
    });
  });

  it('leaves out what the occasion has not, and has its own variables', () => {
    const { run, by, play, hosts } = whole;

    const env = hookEnvironment(aHook({ env: { MODE: 'fast' } }), subject, { run, by, play, hosts });

    expect(Object.keys(env).toSorted()).toEqual(
      ['MODE', 'SLUICE_BY', 'SLUICE_HOOK', 'SLUICE_HOSTS', 'SLUICE_PLAY', 'SLUICE_POINT', 'SLUICE_RUN'].toSorted(),
    );
  });

  it('says nothing for an image that there is none of', () => {
    const images = { old: undefined, new: 'shop:2' };

    expect(hookEnvironment(aHook(), subject, { ...whole, images })).toMatchObject({ SLUICE_IMAGE_OLD: '' });
  });
});

describe('docs/hooks.md', () => {
  const page = readFileSync('docs/hooks.md', 'utf8');

  it.each(Object.entries(hookVariables))('tells what %s is', (name, { meaning }) => {
    expect(page).toContain(`| \`${name}\` | ${meaning} |`);
  });

  it('tells of no variable that there is not', () => {
    const told = [...page.matchAll(/^\| `(SLUICE_\w+)` \|/gm)].map((match) => match[1]);

    expect(told.toSorted()).toEqual(Object.keys(hookVariables).toSorted());
  });

  it('tells every point, in the order in which they come, and where hooks may run there', () => {
    const told = [...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, point = '', where = '']) => [
      point,
      [...where.matchAll(/`(\w+)`/g)].map((match) => match[1]),
    ]);

    const points = told.filter(([point]) => String(point) in placesAt);
    expect(Object.fromEntries(points)).toEqual(placesAt);
  });
});

it('every point is of one kind', () => {
  expect([...runPoints, ...batchPoints, ...hostPoints, ...instancePoints].toSorted()).toEqual(
    Object.keys(placesAt).toSorted(),
  );
});

it('a hook is named by what it is about', () => {
  expect(hookName(subject)).toBe('hook smoke (before_traffic)');
  expect(hookName({ ...subject, host: 'fe1', container: 'pxApp_1' })).toBe(
    'hook smoke (before_traffic) of pxApp_1 on fe1',
  );
});

it.each([
  [[], 'nothingToDo'],
  [['nothingToDo', 'updated'], 'updated'],
  [['updated', 'unreachable'], 'unreachable'],
  [['interrupted', 'failed', 'updated'], 'failed'],
  [['failed', 'outOfService'], 'outOfService'],
] as const)('hosts that end %j have together come to %s', (ends, worst) => {
  expect(worstOf(ends)).toBe(worst);
});
