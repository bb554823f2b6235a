import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import { atStep } from '../../support/at-step.ts';
import { containersOn } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { expectOwnWhole } from '../../support/own-whole.ts';
import { sluice } from '../../support/sluice.ts';

const PLAYBOOK = 'playbooks/restart.yml';
const RESTART = ['rollout', PLAYBOOK, '--limit', own, '--yes'];

/** Every container of the host as `name id start running`. */
async function starts(): Promise<string[]> {
  const format = '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.State.Running}}';
  const names = containersOn('').map((line) => line.trim());
  return (await docker(ownHost(), 'inspect', '-f', format, ...names)).trim().split('\n');
}

function without(part: number, lines: readonly string[]): string[] {
  return lines.map((line) => line.split(' ').filter((_, index) => index !== part)).map((parts) => parts.join(' '));
}

/** Kills it once the first container has been told to stop, and may not have ended yet. */
async function killWhenStopping(child: ChildProcess): Promise<void> {
  const before = await starts();
  while ((await starts()).join() === before.join()) await sleep(5);
  child.kill('SIGKILL');
}

describe('strategy: restart on a real host', () => {
  beforeEach(async () => {
    await resetOwn({ healthchecks: true });
  });

  it('restarts every container as it is, fails no request, and says what stays', async () => {
    const traffic = loadOwn();
    const before = await starts();

    const planned = await sluice('plan', PLAYBOOK, '-e', 'pxapp_version=v2', '--limit', own);
    const out = await sluice(...RESTART, '-e', 'pxapp_version=v2');
    const shown = await sluice('show', 'last');
    const back = await sluice('rollback', '--yes');

    const report = await traffic.stop();
    const after = await starts();
    expect(planned.stdout).toMatch(
      /~ \S+ +pxApp_1 +\S+:v1 \(\w+\), restart only .* image \S+:v2 \(\w+\) differs and stays/,
    );
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(out.stdout).toMatch(/rollout: 3 restarted in /);
    expect(shown.stdout).toMatch(/pxApp_1 {2}restarted/);
    expect(back.stderr).toMatch(/has changed nothing that could be rolled back/);
    expect(without(2, after)).toEqual(without(2, before));
    expect(after.filter((line) => before.includes(line))).toEqual([]);
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });

  it.each([
    { step: 'drain', how: (child: ChildProcess) => child.kill('SIGKILL') },
    { step: 'restart', how: (child: ChildProcess) => child.kill('SIGKILL') },
    { step: 'restart', how: killWhenStopping },
    { step: 'check', how: (child: ChildProcess) => child.kill('SIGKILL') },
  ] as const)('is put right by recover when it was killed in $step', async ({ step, how }) => {
    const traffic = loadOwn();
    const before = await starts();

    await atStep(RESTART, step, how);
    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    expect(without(2, await starts())).toEqual(without(2, before));
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });

  it('is gone on with by resume when it was killed, and restarts nothing twice', async () => {
    const traffic = loadOwn();

    await atStep(RESTART, 'soak', (child) => child.kill('SIGKILL'));
    const between = await starts();
    const resumed = await sluice('resume', '--yes');

    const report = await traffic.stop();
    const after = await starts();
    expect(resumed, resumed.stderr).toMatchObject({ status: 0 });
    expect(after.filter((line) => between.includes(line))).toHaveLength(1);
    await expectOwnWhole();
    expect(report.failures).toEqual([]);
  });
});
