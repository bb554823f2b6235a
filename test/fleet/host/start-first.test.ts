import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker, reload, runtime } from '../../../lab/lab.ts';
import { imageOf } from '../../../lab/settings.ts';
import { atStep } from '../../support/at-step.ts';
import { folderWith } from '../../support/command-line.ts';
import { containersOf, containersOn } from '../../support/fleet.ts';
import { SLOTS, UNFORGIVING_SLOTS, UNFORGIVING_SLOTS_WITH_STATES } from '../../support/haproxy-templates.ts';
import { reloadWithStates } from '../../support/lossless-reloads.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import {
  failedTries,
  failedUntilChecked,
  inSlots,
  ownServers as servers,
  resetOwnSlots,
} from '../../support/own-slots.ts';
import { sampleUsable } from '../../support/sampled.ts';
import { sluice } from '../../support/sluice.ts';

const PLAYBOOK = 'playbooks/start-first.yml';

/** The same for pxApp_1 alone: what is done to it takes seconds. */
const OF_ONE = join(
  folderWith({ 'one.yml': readFileSync(PLAYBOOK, 'utf8').replace('instances: 3', 'instances: 1') }),
  'one.yml',
);

function rollout(playbook: string, version: string, ...more: readonly string[]): readonly string[] {
  return ['rollout', playbook, '-e', `pxapp_version=${version}`, '--limit', own, '--yes', ...more];
}

describe('start-first on a real host', () => {
  beforeEach(async () => {
    await resetOwnSlots(UNFORGIVING_SLOTS);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it('never has fewer usable servers than before, fails no request, and goes back and forth between the slots', async () => {
    await runtime(ownHost(), 'set server pxapp_cluster/pxApp_1a weight 7');
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const planned = await sluice('plan', PLAYBOOK, '-e', 'pxapp_version=v2', '--limit', own);
    const out = await sluice(...rollout(PLAYBOOK, 'v2'));
    const afterwards = await servers();
    const again = await sluice(...rollout(PLAYBOOK, 'v2', '--detailed-exitcode', '--check'));
    const back = await sluice(...rollout(PLAYBOOK, 'v1'));

    const fewest = await least();
    const report = await traffic.stop();
    expect(planned.stdout).toMatch(/slot a → b/);
    expect(planned.stdout).toMatch(/pxapp_cluster +3 of 6 usable now +3 at the worst moment/);
    expect(out, out.stderr).toMatchObject({ status: 0 });
    // The weight goes along with the container.
    const reweighed = (slot: 'a' | 'b') =>
      inSlots(slot).map((line) => line.replace(`pxApp_1${slot} 10 `, `pxApp_1${slot} 7 `));
    expect(afterwards).toEqual(reweighed('b'));
    expect(again, again.stdout).toMatchObject({ status: 0 });
    expect(back, back.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(reweighed('a'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });

  it('leaves the old one where it is when the new one is bad, and takes a run back to the slot it was found in', async () => {
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const bad = await sluice(...rollout(OF_ONE, 'exits'));
    const afterBad = await servers();
    const out = await sluice(...rollout(OF_ONE, 'v2'));
    const back = await sluice('rollback', '--yes');

    const fewest = await least();
    const report = await traffic.stop();
    expect(bad.status, bad.stderr).toBe(2);
    expect(bad.stderr).toMatch(/exited/);
    expect(afterBad).toEqual(inSlots('a'));
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(back, back.stderr).toMatchObject({ status: 0 });
    expect(await servers()).toEqual(inSlots('a'));
    expect(await containersOf(own)).toEqual(containersOn('v1'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });

  it.each(['check', 'release', 'vacate', 'retire'] as const)(
    'is put right by recover when it was killed in %s: the old one serves in its slot, or the new one in its own',
    async (step) => {
      const traffic = loadOwn();

      await atStep(rollout(OF_ONE, 'v2'), step, (child) => child.kill('SIGKILL'));
      const recovered = await sluice('recover', own);

      const report = await traffic.stop();
      expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
      expect(await servers()).toEqual(inSlots('a'));
      expect(await containersOf(own)).toEqual(containersOn('v1'));
      expect((await sluice('lock', 'list', own)).stdout).toMatch(/ free$/m);
      expect(report.failures).toEqual([]);
    },
  );

  it('is refused before anything is touched where something answers in the free slot already', async () => {
    await docker(ownHost(), 'run', '-d', '--name', 'squatter', '-p', '127.0.0.1:8181:8080', imageOf('v1'));
    await expect.poll(servers, { timeout: 30_000, interval: 100 }).toContain('pxApp_1b 10 0 UP');

    const ended = await sluice(...rollout(OF_ONE, 'v2'));

    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(
      /pxApp_1b, which pxApp_1 is to begin in \(slot b\), is UP: something else answers there/,
    );
  });
});

// Until it has checked them, its worker sends to the free slots, too: only an HAProxy that tries elsewhere loses nothing.
describe('start-first on a real host, by an HAProxy that tries again what failed', () => {
  beforeEach(async () => {
    await resetOwnSlots(SLOTS);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it.each([
    { step: 'check', free: /b$/ },
    { step: 'release', free: /[23]b$/ },
  ] as const)('goes on when it is reloaded in $step, and it tries again nothing but that', async ({ step, free }) => {
    const traffic = loadOwn();
    let [before, atReload] = [{}, {}];

    const ended = await atStep(rollout(OF_ONE, 'v2'), step, async () => {
      before = await failedTries();
      await reload(ownHost());
      atReload = await failedUntilChecked();
    });

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(0);
    expect(await servers()).toEqual(inSlots('b', 'a'));
    expect(report.failures).toEqual([]);
    expect(before).toEqual({});
    expect(Object.keys(atReload).filter((name) => !free.test(name))).toEqual([]);
    expect(await failedTries()).toEqual(atReload);
  });
});

describe('start-first on a real host, by an HAProxy that begins with the states that it had', () => {
  beforeEach(async () => {
    await resetOwnSlots(UNFORGIVING_SLOTS_WITH_STATES);
  });
  afterAll(async () => {
    await resetOwn();
  });

  it.each(['check', 'release'] as const)('goes on when it is reloaded in %s, and no try fails', async (step) => {
    const traffic = loadOwn();
    const least = sampleUsable(ownHost());

    const ended = await atStep(rollout(OF_ONE, 'v2'), step, reloadWithStates);

    const [fewest, report] = [await least(), await traffic.stop()];
    expect(ended.status, ended.stdout).toBe(0);
    expect(await servers()).toEqual(inSlots('b', 'a'));
    expect(report.failures).toEqual([]);
    expect(fewest).toBe(3);
  });
});
