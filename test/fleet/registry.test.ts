import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import type { Load } from '../../lab/load/load.ts';
import { killRegistry, registryProcess, startRegistry } from '../../lab/registry.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { allServers, containersOf, containersOn, everyHostInService, load } from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { atEvent, interrupted } from '../support/signals.ts';
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

  // prettier-ignore
  it.each([
    { when: 'before the plan',       at: 'run-started' as const, says: /"Cannot ask the registry for registry\.lab:5000\/pxapp:v2 on fe1: .*connection refused"/ },
    { when: 'between plan and pull', at: 'planned' as const,     says: /"Cannot pull registry\.lab:5000\/pxapp:v2 on fe1: .*connection refused"/ },
  ])('$when: nothing is touched', async ({ at, says }) => {
    const ended = await goneAt(at, shortPlaybook(folder));

    expect(ended.status, ended.stdout).toBe(1);
    expect(ended.stdout).toMatch(says);
    expect(ended.stderr).toMatch(/nothing was touched/);
    await expectAllInService(containersOn('v1'));
  });

  it('does not answer any more: a SIGTERM during the pull ends the run at once, and nothing is touched', async () => {
    const pid = registryProcess()?.pid ?? 0;
    expect(pid).toBeGreaterThan(0);
    const before = async (): Promise<void> => {
      process.kill(pid, 'SIGSTOP');
    };
    const args = ['rollout', shortPlaybook(folder), '-e', 'pxapp_version=v2', '--yes', '--limit', 'fe1'];
    try {
      const ended = await interrupted(args, { signals: ['SIGTERM'], at: atEvent('planned'), before });

      expect(ended.status, ended.stdout).toBe(99);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expectAllInService(containersOn('v1'));
  });

  it('between two plays: what the first has done stays, the second does not begin', async () => {
    const ended = await goneAt('batch-started', twoPlays());

    expect(ended.status, ended.stdout).toBe(8);
    expect(ended.stdout).toMatch(/"type":"halted","why":"the play \\"More front ends\\" cannot begin any more"/);
    expect(ended.stdout).toMatch(/"problem","host":"fe1","text":"Cannot ask the registry for .*connection refused"/);
    await expectAllInService(['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']);
  });
});
