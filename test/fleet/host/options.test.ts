import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import type { Load } from '../../../lab/load/load.ts';
import { changedCopy } from '../../support/changed-copy.ts';
import { folderWith } from '../../support/command-line.ts';
import { edited, type Change } from '../../support/edited.ts';
import { containersOf, containersOn } from '../../support/fleet.ts';
import { LAB } from '../../support/haproxy-templates.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { expectOwnServed, expectOwnWhole } from '../../support/own-whole.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { sluice } from '../../support/sluice.ts';

const folder = folderWith({});

/** Two apps of one container each, each with a tag of its own. */
function twoApps(): string {
  const app = (id: number, tag: string): string => `
    - name: pxApp_${id}
      tags: [${tag}]
      container: { image: 'registry.lab:5000/pxapp:{{ pxapp_version }}' }
      ready: { http: 'http://127.0.0.1:${8080 + id}/health' }`;
  const play = `- hosts: fe\n  balancer: { backend: pxapp_cluster }\n  apps:${app(1, 'web')}${app(2, 'api')}\n`;
  return join(folderWith({ 'two.yml': play }), 'two.yml');
}

/** The example for one container, with these lines changed. */
function playbook(...changes: readonly Change[]): string {
  const text = edited(readFileSync(shortPlaybook(folder), 'utf8'), changes);
  return join(folderWith({ 'changed.yml': text }), 'changed.yml');
}

async function rollOut(path: string, version: string, ...more: string[]): ReturnType<typeof sluice> {
  return sluice('rollout', path, '-e', `pxapp_version=${version}`, '--limit', own, '--yes', ...more);
}

describe('what a rollout on a real host is told', () => {
  let traffic: Load;
  beforeEach(async () => {
    await resetOwn();
    traffic = loadOwn();
  });
  afterAll(async () => {
    await resetOwn();
  });

  it('--force replaces what would be left alone', async () => {
    const idOf = async (): Promise<string> => docker(ownHost(), 'inspect', 'pxApp_1', '--format', '{{.Id}}');
    const before = await idOf();

    const alone = await rollOut(playbook(), 'v1');
    const same = await idOf();
    const forced = await rollOut(playbook(), 'v1', '--force');

    expect(alone.stdout, alone.stderr).toContain('rollout: nothing to do');
    expect(same).toBe(before);
    expect(forced.stdout, forced.stderr).toContain('rollout: 1 updated');
    expect(await idOf()).not.toBe(before);
    await expectOwnServed(traffic);
  });

  it('--skip-tags leaves out, --tags takes nothing else', async () => {
    const skipped = await rollOut(twoApps(), 'v2', '--skip-tags', 'api');
    const first = await containersOf(own);
    const tagged = await rollOut(twoApps(), 'v2', '--tags', 'api');

    expect(skipped.status, skipped.stderr).toBe(0);
    expect(first).toEqual(['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']);
    expect(tagged.status, tagged.stderr).toBe(0);
    await expectOwnServed(traffic, { containers: ['pxApp_1 v2', 'pxApp_2 v2', 'pxApp_3 v1'] });
  });

  it('--private-key is what logs in where the inventory names none', async () => {
    const known = `-F none -o UserKnownHostsFile=/var/tmp/sluice-lab/ssh/known_hosts`;
    const line = `again ansible_host=${ownHost().address} ansible_user=root ansible_ssh_common_args='${known}'\n`;
    const inventory = join(folderWith({ 'again.ini': line }), 'again.ini');
    const ssh = { good: '/var/tmp/sluice-lab/ssh/id_ed25519', none: '/var/tmp/sluice-lab/ssh/none' };

    const without = await sluice('status', 'again', '-i', inventory, '--private-key', ssh.none);
    const status = await sluice('status', 'again', '-i', inventory, '--private-key', ssh.good);

    expect(without.status, without.stdout).not.toBe(0);
    expect(status.status, status.stderr).toBe(0);
    expect(status.stdout).toMatch(/^again +pxApp_1 /m);
    await expectOwnServed(traffic);
  });

  it('keep: 1 keeps the last of the old containers, stopped, and no other', async () => {
    const path = playbook(['ready:', 'keep: 1\n      ready:']);

    const ended = [await rollOut(path, 'v2'), await rollOut(path, 'v1'), await rollOut(path, 'v2')];

    expect(ended.map(({ status, stderr }) => (status === 0 ? 0 : stderr))).toEqual([0, 0, 0]);
    const [own1, old, ...others] = await containersOf(own);
    expect(own1).toBe('pxApp_1 v2');
    expect(old).toMatch(/^pxApp_1\.replaced-\S+ \S+:v1 exited$/);
    expect(others).toEqual(['pxApp_2 v1', 'pxApp_3 v1']);
    expect((await traffic.stop()).failures).toEqual([]);
  });

  it('a stop grace lets what is slow to end do so, and one that does not end is killed', async () => {
    const logs = async (): Promise<string> =>
      docker(ownHost(), 'inspect', 'pxApp_1', '--format', '{{.Config.StopSignal}} {{.Config.StopTimeout}}');
    // Node ends at no SIGWINCH: Docker waits for the grace, and kills it.
    const path = playbook([
      'restart: always',
      'restart: always\n        stop_signal: SIGWINCH\n        stop_grace_period: 2s',
    ]);
    const first = await rollOut(path, 'v2');
    const declared = await logs();

    const ended = await rollOut(path, 'v1', '--json');

    expect(first.status, first.stderr).toBe(0);
    expect(declared.trim()).toBe('SIGWINCH 2');
    expect(ended.status, ended.stderr).toBe(0);
    const [, ms] = /"type":"step-ended".*"step":"replace".*"ms":(\d+)/.exec(ended.stdout) ?? [];
    expect(Number(ms)).toBeGreaterThanOrEqual(2_000);
    await expectOwnServed(traffic, { containers: containersOn('v1') });
  });
});

describe('a new container that HAProxy never sees UP', () => {
  it('goes home: the old one serves, and what HAProxy says of it is told', async () => {
    // To HAProxy v1 alone is well.
    const onlyV1: Change = ['GET /health', 'GET /health\n    http-check expect string v1'];
    await resetOwn({ haproxyTemplate: changedCopy(LAB, [onlyV1]) });
    const traffic = loadOwn();

    const ended = await rollOut(playbook(), 'v2');

    expect(ended.status, ended.stdout).toBe(2);
    expect(ended.stdout + ended.stderr).toMatch(/HAProxy on \S+ does not see pxapp_cluster\/pxApp_1 UP/);
    await expectOwnServed(traffic);
    await resetOwn();
    await expectOwnWhole();
  });
});
