import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../lab/wait.ts';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { sluice, start, type Ended } from '../../support/sluice.ts';

const EXAMPLE = readFileSync('playbooks/hooks.yml', 'utf8');

/** The example, with one thing in it changed. */
function playbookWith(from: string, to: string): string {
  expect(EXAMPLE).toContain(from);
  return join(folderWith({ 'hooks.yml': EXAMPLE.replace(from, () => to) }), 'hooks.yml');
}

function rollout(playbook: string, ...more: readonly string[]): readonly string[] {
  return ['rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--limit', own, ...more];
}

/** Killed for good when the hook of this name begins, or when it has made this file. */
async function killedAt(hook: string, playbook: string, mark?: string): Promise<Ended> {
  let isDone = false;
  const onEvent = (event: RunEvent, child: { kill: (signal: 'SIGKILL') => unknown }): void => {
    if (isDone || event.type !== 'hook-started' || event.hook.name !== hook) return;
    isDone = true;
    const isBegun = async (): Promise<boolean> => mark === undefined || existsSync(mark);
    void until('the hook has begun', isBegun, { withinMs: 30_000, everyMs: 10 }).then(() => child.kill('SIGKILL'));
  };
  const ended = await start(rollout(playbook, '--json'), { onEvent }).ended;
  expect(isDone, ended.stderr).toBe(true);
  return ended;
}

describe('hooks on a real host', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('migrate once, warm up and try out each new container, and fail no request', async () => {
    const traffic = loadOwn();

    const ended = await sluice(...rollout('playbooks/hooks.yml', '-v'));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(ended.stdout).toMatch(/ {4}before_run +migrate +controller, once +10m at most +echo "migrating/);
    expect(ended.stderr.match(/hook migrate \(before_run\) {2}ok/g)).toHaveLength(1);
    expect(ended.stderr).toContain(`    migrating for ${own}`);
    expect(ended.stderr).toContain(`${own}  hook note (before_host)  ok`);
    for (const id of [1, 2, 3]) {
      expect(ended.stderr).toContain(`${own} pxApp_${id}  hook warm-up (before_traffic)  ok`);
      expect(ended.stderr).toContain(`${own} pxApp_${id}  hook smoke (before_traffic)  ok`);
    }
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
  });

  it('that try a new container out in vain have the old one back before any request has met it', async () => {
    const playbook = playbookWith("grep -q ' 200 '", "tee /proc/self/fd/2 | grep -q ' 204 '");
    const traffic = loadOwn();

    const ended = await sluice(...rollout(playbook));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 2 });
    expect(ended.stderr).toMatch(/pxApp_1 {2}hook smoke \(before_traffic\) {2}failed: ended with 1/);
    expect(ended.stderr).toMatch(
      /pxApp_1 {2}check +failed: hook smoke \(before_traffic\) of pxApp_1 on fe\d ended with 1/,
    );
    expect(ended.stderr).toContain('hook tell (on_failure)  ok');
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });

  it('that run when sluice is killed are followed by the old container, once recovered', async () => {
    const playbook = playbookWith("grep -q ' 200 '", "grep -q ' 200 '; sleep 600");
    const traffic = loadOwn();
    await killedAt('smoke', playbook);

    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });

  it('that migrate when sluice is killed are run again by resume, which says so, and then no more', async () => {
    const mark = join(folderWith({}), 'migrated');
    const command = `command: 'if [ -e ${mark} ]; then echo again; else touch ${mark}; sleep 600; fi'`;
    const playbook = playbookWith(`command: 'echo "migrating for $SLUICE_HOSTS"'`, command);
    await killedAt('migrate', playbook, mark);

    const resumed = await sluice('resume', '--yes', '-v');

    expect(resumed, resumed.stderr).toMatchObject({ status: 0 });
    expect(resumed.stderr).toContain('Whether the hook migrate (before_run) has ended is not known');
    expect(resumed.stderr).toContain('hook migrate (before_run)  ok');
    expect(await containersOf(own)).toEqual(containersOn('v2'));

    const again = await sluice('resume', 'last', '--yes');
    expect(again, again.stderr).toMatchObject({ status: 0 });
    expect(again.stderr).toContain(
      'hook migrate (before_run)  not run: it has ended well in the first part of this run',
    );
  });
});
