import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { sluice } from '../../support/sluice.ts';

/** The example playbook with these lines in its play. */
function playbookWith(...lines: readonly string[]): string {
  const text = readFileSync('playbooks/pxapp.yml', 'utf8').replace(
    '\n  drain:\n',
    `\n  ${lines.join('\n  ')}\n  drain:\n`,
  );
  return join(folderWith({ 'watched.yml': text }), 'watched.yml');
}

describe('a monitor on a real host', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  // Its checks pass, but half of what it is asked it answers with 500. Without a soak it is in service, and its
  // predecessor gone, before anybody has counted.
  it('finds a version that passes all checks and answers with errors, and has v1 back', async () => {
    const playbook = playbookWith('soak: 0s', 'monitor: { for: 20s, max_errors: 10% }');
    const traffic = loadOwn();

    const ended = await sluice('rollout', playbook, '-e', 'pxapp_version=errors', '--yes', '--limit', own);

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 2 });
    expect(ended.stderr).toMatch(
      /fe\d pxApp_1 {2}monitor +failed: pxApp_1 on fe\d \(\S+:errors\) does not serve well: pxapp_cluster\/pxApp_1: \d+ of \d+ requests failed \(\d+ × 5xx\); max_errors allows 10%/,
    );
    // Only what the version itself has answered: neither the rollout nor the way back has failed a request.
    expect(new Set(report.failures.map(({ host, why }) => `${host} ${why}`))).toEqual(new Set([`${own} status 500`]));
    expect(report.byError).toEqual({});
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(await containersOf(own)).toEqual(containersOn('v1'));
  });

  it('goes on beside a good rollout, which fails no request', async () => {
    const playbook = playbookWith('monitor: { for: 10s, max_errors: 0, compare: 3 }');
    const traffic = loadOwn();

    const ended = await sluice('rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--limit', own, '-v');

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    for (const id of [1, 2, 3]) {
      expect(ended.stderr).toMatch(new RegExp(`pxApp_${id} {2}monitor +0 of \\d+ requests failed`));
    }
    expect(await containersOf(own)).toEqual(containersOn('v2'));
  });
});
