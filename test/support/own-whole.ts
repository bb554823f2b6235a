import { expect } from 'vitest';
import type { Load } from '../../lab/load/load.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from './fleet.ts';
import { own } from './own-host.ts';
import { sluice } from './sluice.ts';

interface Whole {
  readonly containers?: readonly string[];
  readonly servers?: readonly string[];
}

/** The worker's host is as the lab has made it, or so: weights, containers, nothing left to put back, and nobody has it. */
export async function expectOwnWhole({
  containers = containersOn('v1'),
  servers = ALL_IN_SERVICE,
}: Whole = {}): Promise<void> {
  expect((await serversOf(own)).toSorted()).toEqual(servers);
  expect(await containersOf(own)).toEqual(containers);
  expect((await sluice('lock', 'list', own)).stdout).toMatch(new RegExp(`^${own} +free$`, 'm'));
  expect((await sluice('status', own)).stdout).not.toMatch(/was drained|left in work/);
}

/** The same, and no request of this load has failed. */
export async function expectOwnServed(traffic: Load, whole: Whole = {}): Promise<void> {
  const { failures } = await traffic.stop();
  expect(failures).toEqual([]);
  await expectOwnWhole(whole);
}
