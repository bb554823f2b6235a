import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freeze } from '../../../lab/lab.ts';
import type { Load } from '../../../lab/load/load.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import type { Step } from '../../../src/rollout/lifecycle.ts';
import { containersOn, REWEIGHED, reweigh } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { expectOwnServed } from '../../support/own-whole.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { start, type Ended } from '../../support/sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-hung-'));
const rollout = ['rollout', shortPlaybook(folder), '-e', 'pxapp_version=v2', '--yes', '--limit', own, '--json'];
const updated = ['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1'];

interface Hang {
  readonly of: 'dockerd' | 'haproxy';
  readonly at: Step;
  /** How often it is to be given up on before it goes on. */
  readonly givenUp: number;
}

let traffic: Load;
let thaw = (): void => undefined;

beforeEach(async () => {
  await resetOwn();
  await reweigh(own);
  traffic = loadOwn();
});
afterEach(async () => {
  thaw();
  await traffic.stop();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a rollout in which a service ceases to answer as a step begins. */
async function hung({ of, at, givenUp }: Hang): Promise<Ended> {
  let left = givenUp;
  let over = (): void => undefined;
  let isFrozen = false;
  const onEvent = (event: RunEvent): void => {
    if (!isFrozen && event.type === 'step-started' && event.step === at) {
      isFrozen = true;
      // Whoever waits in a frozen HAProxy may wait for longer than it lets anybody wait.
      if (of === 'haproxy') over = traffic.outage(own);
      thaw = freeze(ownHost(), of);
    } else if (isFrozen && /no answer within|takes longer than/.test(JSON.stringify(event))) {
      left -= 1;
      if (left === 0) thaw();
    }
  };
  const ended = await start(rollout, { onEvent }).ended;
  expect(left, ended.stdout).toBeLessThanOrEqual(0);
  over();
  return ended;
}

describe('a service that ceases to answer for longer than it is waited for', () => {
  // prettier-ignore
  it.each<Hang & { status: number; containers: readonly string[] }>([
    { of: 'dockerd', at: 'replace', givenUp: 1, status: 0, containers: updated },
    { of: 'dockerd', at: 'replace', givenUp: 3, status: 2, containers: containersOn('v1') },
    { of: 'dockerd', at: 'check',   givenUp: 1, status: 0, containers: updated },
    { of: 'dockerd', at: 'retire',  givenUp: 1, status: 0, containers: updated },
    { of: 'haproxy', at: 'drain',   givenUp: 1, status: 0, containers: updated },
    { of: 'haproxy', at: 'drain',   givenUp: 5, status: 2, containers: containersOn('v1') },
    { of: 'haproxy', at: 'restore', givenUp: 1, status: 0, containers: updated },
    { of: 'haproxy', at: 'soak',    givenUp: 1, status: 0, containers: updated },
  ])('$of at $at, given up on $givenUp times: every weight is exact, and each container is there once', async ({ status, containers, ...hang }) => {
    const ended = await hung(hang);

    expect(ended.status, ended.stdout).toBe(status);
    await expectOwnServed(traffic, { containers, servers: REWEIGHED });
  });
});
