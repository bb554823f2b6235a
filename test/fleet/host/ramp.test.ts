import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { reload } from '../../../lab/lab.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { sampled } from '../../support/sampled.ts';
import { sluice, start, type Ended } from '../../support/sluice.ts';

const example = readFileSync('playbooks/canary.yml', 'utf8');

/** The example with other steps, and what is watched only in them. */
function playbookWith(every: string, instances: number): string {
  const text = example
    .replace('every: 30s', `every: ${every}`)
    .replace('soak: 10s', 'soak: 1s')
    .replace('for: 5m', 'for: 1s')
    .replace('timeout: 5s', 'timeout: 10s')
    .replace('instances: 3', `instances: ${instances}`);
  return join(folderWith({ 'canary.yml': text }), 'canary.yml');
}

const PLAYBOOK = playbookWith('1s', 3);
/** Steps that are still under way when HAProxy is reloaded, however busy the machine is. */
const SLOW = playbookWith('10s', 1);

function rolloutOf(playbook: string): readonly string[] {
  return ['rollout', playbook, '-e', 'pxapp_version=v2', '--limit', own, '--yes'];
}

/** The weights that each server is seen with, one look every 20 ms, until it is stopped. */
function sampleWeights(): () => Promise<Readonly<Record<string, readonly number[]>>> {
  return sampled<Record<string, number[]>>(ownHost(), 20, {}, (seen, rows) => {
    for (const row of rows) {
      const weights = (seen[row.get('srv_name') ?? ''] ??= []);
      const weight = Number(row.get('srv_uweight'));
      if (weights.at(-1) !== weight) weights.push(weight);
    }
    return seen;
  });
}

interface Child {
  readonly kill: (signal: 'SIGKILL') => unknown;
}

/** Rolls out, and does something at the first step of a ramp that has this part of the weight. */
async function withAt(percent: number, happen: (child: Child) => void, playbook = PLAYBOOK): Promise<Ended> {
  let isDone = false;
  const onEvent = (event: RunEvent, child: Child): void => {
    if (isDone || event.type !== 'ramped' || event.percent !== percent) return;
    isDone = true;
    happen(child);
  };
  const ended = await start([...rolloutOf(playbook), '--json'], { onEvent }).ended;
  expect(isDone, ended.stderr).toBe(true);
  return ended;
}

describe('a ramp on a real host', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('is planned, gives every server its weights in steps, and fails no request', async () => {
    const traffic = loadOwn();
    const planned = await sluice('plan', PLAYBOOK, '-e', 'pxapp_version=v2', '--limit', own);
    const weights = sampleWeights();

    const out = await sluice(...rolloutOf(PLAYBOOK));

    const seen = await weights();
    const report = await traffic.stop();
    expect(planned.stdout).toMatch(/pxApp_3 .* ramp: weight 3, 15, then 30, 1s each/);
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(seen).toEqual({ pxApp_1: [10, 0, 1, 5, 10], pxApp_2: [20, 0, 2, 10, 20], pxApp_3: [30, 0, 3, 15, 30] });
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
    expect(report.failures).toEqual([]);
  });

  it.each([10, 50])(
    'killed with -9 at %i parts in 100 of the weight, recover has every weight exact',
    async (percent) => {
      const traffic = loadOwn();

      const ended = await withAt(percent, (child) => void child.kill('SIGKILL'));
      const left = await serversOf(own);
      const after = await sluice('recover', own);

      const report = await traffic.stop();
      expect(ended.status).toBeNull();
      expect(left[0]).toMatch(percent === 10 ? /^pxApp_1 1 / : /^pxApp_1 5 /);
      expect(after.status, after.stderr).toBe(0);
      expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
      expect(report.failures).toEqual([]);
    },
  );

  it('killed with -9, resume goes on with the step that was reached', async () => {
    const traffic = loadOwn();
    await withAt(50, (child) => void child.kill('SIGKILL'));
    const weights = sampleWeights();

    const after = await sluice('resume', '--yes');

    const seen = await weights();
    const report = await traffic.stop();
    expect(after.status, after.stderr).toBe(0);
    expect(seen['pxApp_1']).toEqual([5, 10]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
    expect(report.failures).toEqual([]);
  });

  it('is put right when HAProxy is reloaded in the middle of a step', async () => {
    const traffic = loadOwn();
    const weights = sampleWeights();

    const ended = await withAt(10, () => void reload(ownHost()), SLOW);

    const seen = await weights();
    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    expect(ended.stdout).toMatch(/"about":"weight-reset"/);
    expect(seen['pxApp_1']?.slice(-3)).toEqual([1, 5, 10]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(report.failures).toEqual([]);
  });
});
