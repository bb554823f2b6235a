import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { containersOf, namesOnEitherVersion, REWEIGHED, reweigh, serversOf } from './fleet.ts';
import { loadOwn, own, resetOwn } from './own-host.ts';
import { shortPlaybook } from './short-playbook.ts';
import { sluice, start, type Ended } from './sluice.ts';

type Dying = 'drain' | 'replace' | 'check' | 'restore' | 'soak' | 'retire';

/** Every event of the journal that says of one of two steps that it begins or has ended, each with a way to go on. */
function deathsIn(steps: readonly [Dying, Dying]) {
  return steps.flatMap((step, index) => [
    { type: 'step-started' as const, step, then: index % 2 === 0 ? 'resume' : 'recover' },
    { type: 'step-ended' as const, step, then: index % 2 === 0 ? 'recover' : 'resume' },
  ]);
}

export function isPutRightWhenKilledIn(...steps: readonly [Dying, Dying]): void {
  describe('a rollout that is killed with -9 as each of its steps begins and ends', () => {
    let folder: string;
    let playbook: string;
    beforeAll(async () => {
      await resetOwn();
      await reweigh(own);
      folder = mkdtempSync(join(tmpdir(), 'sluice-killed-'));
      playbook = shortPlaybook(folder);
    });
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });

    async function killedAt(type: RunEvent['type'], step: string, version: string): Promise<Ended> {
      const onEvent = (event: RunEvent, child: { kill(signal: NodeJS.Signals): boolean }): void => {
        if (event.type === type && 'step' in event && event.step === step) child.kill('SIGKILL');
      };
      const args = ['rollout', playbook, '-e', `pxapp_version=${version}`, '--yes', '--limit', own, '--json'];
      return start(args, { onEvent }).ended;
    }

    it.each(deathsIn(steps))(
      'at $type of $step: $then brings every server back, without a failed request',
      async (death) => {
        const { type, step, then } = death;
        const [first] = await containersOf(own);
        const version = first === 'pxApp_1 v1' ? 'v2' : 'v1';
        const traffic = loadOwn();

        const ended = await killedAt(type, step, version);
        expect(ended.status, ended.stderr).toBeNull();
        const after = await sluice(...(then === 'resume' ? ['resume', '--yes'] : ['recover', own]));

        const report = await traffic.stop();
        expect(after.status, after.stderr).toBe(0);
        expect(await serversOf(own)).toEqual(REWEIGHED);
        expect(await namesOnEitherVersion(own)).toEqual(['pxApp_1', 'pxApp_2', 'pxApp_3']);
        if (then === 'resume') expect(await containersOf(own)).toContain(`pxApp_1 ${version}`);
        expect((await sluice('lock', 'list', own)).stdout).not.toMatch(/dead|live/);
        expect(report.failures).toEqual([]);
      },
    );
  });
}
