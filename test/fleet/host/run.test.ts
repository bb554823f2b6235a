import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { atStep } from '../../support/at-step.ts';
import { folderWith } from '../../support/command-line.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { expectOwnWhole } from '../../support/own-whole.ts';
import { sluice } from '../../support/sluice.ts';

const PLAYBOOK = 'playbooks/run.yml';

/** The same playbook with another command. */
function commanding(command: string, where: 'host' | 'container'): readonly string[] {
  const text = readFileSync(PLAYBOOK, 'utf8')
    .replace('timeout: 30s', 'timeout: 10m')
    .replace(/command: .*/, `command: ${JSON.stringify(command)}`)
    .replace('where: container', `where: ${where}`);
  const file = join(folderWith({ 'run.yml': text }), 'run.yml');
  return ['rollout', file, '--limit', own, '--yes'];
}

/** Restarts the container from its host, which drops whatever request it has in hand. */
const ROUGH = 'docker restart -t 0 "$SLUICE_CONTAINER"';

/** The seconds of a sleep that nobody else sleeps. */
const LONG = 300_000 + process.pid;

/** Whether that command runs: the hosts of the lab are of one machine, which sees their processes. */
function isSleeping(): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${LONG}\0`;
    } catch {
      return false;
    }
  });
}

describe('strategy: run on a real host', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('runs the command of the example in each container, and fails no request', async () => {
    const traffic = loadOwn();

    const planned = await sluice('plan', PLAYBOOK, '--limit', own);
    const out = await sluice('rollout', PLAYBOOK, '--limit', own, '--yes');
    const shown = await sluice('show', 'last');

    const report = await traffic.stop();
    expect(planned.stdout).toMatch(/pxApp_1 +\S+:v1 \(\w+\), clear the cache only, in the container /);
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(out.stdout).toMatch(/rollout: 3 done in /);
    expect(shown.stdout).toMatch(/pxApp_1 {2}done/);
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });

  it('lets a command on the host do to a container what would fail its requests', async () => {
    const traffic = loadOwn();

    const out = await sluice(...commanding(ROUGH, 'host'));

    const report = await traffic.stop();
    expect(out, out.stderr).toMatchObject({ status: 0 });
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });

  it('puts the container back into service when the command fails, started if that has stopped it', async () => {
    const traffic = loadOwn();

    const out = await sluice(...commanding('docker stop "$SLUICE_CONTAINER"; echo no luck; exit 3', 'host'));

    const report = await traffic.stop();
    expect(out.status, out.stderr).toBe(2);
    expect(out.stderr).toMatch(/clear the cache for pxApp_1 on \S+ ended with 3/);
    expect(out.stderr).toMatch(/output: no luck/);
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });

  it('ends the command with the run that was killed, and recover puts the container back', async () => {
    const traffic = loadOwn();

    await atStep(commanding(`sleep ${LONG}`, 'host'), 'run', async (child) => {
      await expect.poll(isSleeping, { timeout: 20_000, interval: 50 }).toBe(true);
      child.kill('SIGKILL');
    });
    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    await expect.poll(isSleeping, { timeout: 60_000, interval: 50 }).toBe(false);
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });
});
