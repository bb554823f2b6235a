import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import type { Load } from '../../lab/load/load.ts';
import { killRegistry, registryProcess, startRegistry } from '../../lab/registry.ts';
import { registry } from '../../lab/settings.ts';
import { until } from '../../lab/wait.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { allServers, containersOf, containersOn, everyHostInService, load } from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { onTerminal } from '../support/signals.ts';
import { start, type Ended } from '../support/sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-registry-'));

/** The short playbook twice: pxApp_1, then pxApp_2. */
function twoPlays(): string {
  const one = readFileSync(shortPlaybook(folder), 'utf8');
  const path = join(folder, 'two.yml');
  const second = one.replaceAll('pxApp_1', 'pxApp_2').replace('pxApp_{{ id }}', 'pxApp_2');
  writeFileSync(
    path,
    `${one}\n${second.replace('Front ends', 'More front ends').replaceAll('8080 + id', '8081 + id')}`,
  );
  return path;
}

function rolloutOfOne(): readonly string[] {
  return ['rollout', shortPlaybook(folder), '-e', 'pxapp_version=v2', '--limit', 'fe1'];
}

/** Whether a registry that stands still has been asked something: of an established connection nothing was read. */
function isAskedInVain(): boolean {
  const connections = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').split('\n'));
  const port = registry.port.toString(16).toUpperCase();
  return connections.some((line) => new RegExp(`^ *\\d+: \\w+:${port} \\w+:\\w+ 01 \\w+:(?!0{8})\\w+ `).test(line));
}

/** Rolls fe1 out; the registry ends at the first event of this type, while the command line waits. */
async function goneAt(type: RunEvent['type'], playbook: string): Promise<Ended> {
  let gone: Promise<void> | undefined;
  const args = ['rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--limit', 'fe1', '--json'];
  const { child, ended } = start(args, {
    onEvent: (event) => {
      if (event.type !== type || gone) return;
      child.kill('SIGSTOP');
      gone = killRegistry().finally(() => child.kill('SIGCONT'));
    },
  });
  const result = await ended;
  await gone;
  expect(gone, result.stdout).toBeDefined();
  return result;
}

describe('a registry that is down', () => {
  let traffic: Load;
  beforeEach(async () => {
    await labReset();
    traffic = load();
  });
  afterEach(async () => {
    await traffic.stop();
    await startRegistry();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function expectAllInService(containers: readonly string[]): Promise<void> {
    const report = await traffic.stop();
    expect(report.failures).toEqual([]);
    expect(await allServers()).toEqual(everyHostInService);
    expect(await containersOf('fe1')).toEqual(containers);
  }

  it('before the plan: nothing is touched', async () => {
    const ended = await goneAt('run-started', shortPlaybook(folder));

    expect(ended.status, ended.stdout).toBe(1);
    expect(ended.stdout).toMatch(
      /"Cannot ask the registry for registry\.lab:5000\/pxapp:v2 on fe1: .*connection refused"/,
    );
    expect(ended.stderr).toMatch(/nothing was touched/);
    await expectAllInService(containersOn('v1'));
  });

  it('between plan and pull: nothing is touched', async () => {
    const { status, shown } = await onTerminal(rolloutOfOne(), 'Go on?', (terminal) => {
      void killRegistry().then(() => {
        terminal.type('y\n');
      });
    });

    expect(status, shown).toBe(1);
    expect(shown).toMatch(/Cannot pull registry\.lab:5000\/pxapp:v2 on fe1: .*connection refused/);
    expect(shown).toMatch(/nothing was touched/);
    await expectAllInService(containersOn('v1'));
  });

  it('does not answer any more: a SIGTERM during the pull ends the run at once, and nothing is touched', async () => {
    const pid = registryProcess()?.pid ?? 0;
    expect(pid).toBeGreaterThan(0);
    try {
      const { status, shown } = await onTerminal(rolloutOfOne(), 'Go on?', (terminal) => {
        process.kill(pid, 'SIGSTOP');
        terminal.type('y\n');
        void until('a pull', async () => isAskedInVain(), { withinMs: 30_000, everyMs: 20 }).then(() => {
          terminal.signal('SIGTERM');
        });
      });

      expect(status, shown).toBe(99);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expectAllInService(containersOn('v1'));
  });

  it('between two plays: both have the image already', async () => {
    const ended = await goneAt('batch-started', twoPlays());

    expect(ended.status, ended.stdout).toBe(0);
    await expectAllInService(['pxApp_1 v2', 'pxApp_2 v2', 'pxApp_3 v1']);
  });
});
