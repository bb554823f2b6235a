import { expect } from 'vitest';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from './fleet.ts';
import { own } from './own-host.ts';
import { sluice } from './sluice.ts';

/** The worker's host is as the lab has made it: weights, containers on v1, and nobody has it. */
export async function expectOwnWhole(): Promise<void> {
  expect((await serversOf(own)).toSorted()).toEqual(ALL_IN_SERVICE);
  expect(await containersOf(own)).toEqual(containersOn('v1'));
  expect((await sluice('lock', 'list', own)).stdout).toMatch(/ free$/m);
}
