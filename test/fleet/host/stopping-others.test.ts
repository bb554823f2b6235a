import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Load } from '../../../lab/load/load.ts';
import { containersOn } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { expectOwnServed } from '../../support/own-whole.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { atStep, interrupted } from '../../support/signals.ts';
import { sluice } from '../../support/sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-stopping-'));
const short = ['rollout', shortPlaybook(folder), '-e', 'pxapp_version=v2', '--limit', own];
const first = ['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1'];

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a signal to another command on the real fleet', () => {
  let traffic: Load;
  beforeEach(async () => {
    await resetOwn();
    traffic = loadOwn();
  });

  it.each<{ signals: NodeJS.Signals[] }>([{ signals: ['SIGINT'] }, { signals: ['SIGTERM', 'SIGTERM'] }])(
    'drain, $signals: puts back at once',
    async ({ signals }) => {
      const args = ['drain', own, '--server', 'pxApp_1'];
      const ended = await interrupted(args, { signals, at: atStep('drain') });

      expect(ended.status, ended.stdout).toBe(99);
      await expectOwnServed(traffic);
    },
  );

  it.each<{ signals: NodeJS.Signals[] }>([{ signals: ['SIGINT'] }, { signals: ['SIGTERM', 'SIGTERM'] }])(
    'restore, $signals: goes on, for it leads home',
    async ({ signals }) => {
      const drained = await sluice('drain', own, '--server', 'pxApp_1');
      expect(drained.status, drained.stderr).toBe(0);

      const ended = await interrupted(['restore', own], { signals, at: atStep('restore') });

      expect(ended.status, ended.stdout).toBe(0);
      await expectOwnServed(traffic);
    },
  );

  it.each<{ signals: NodeJS.Signals[]; at: string }>([
    { signals: ['SIGINT'], at: 'rollBack' },
    { signals: ['SIGHUP', 'SIGHUP'], at: 'rollBack' },
  ])('recover, $signals: goes on, for it leads home', async ({ signals, at }) => {
    await interrupted([...short, '--yes'], { signals: ['SIGKILL'], at: atStep('check') });

    const ended = await interrupted(['recover', own], { signals, at: atStep(at) });

    expect(ended.status, ended.stdout).toBe(0);
    await expectOwnServed(traffic);
  });

  // prettier-ignore
  it.each<{ signals: NodeJS.Signals[]; comes: string; status: number; containers: string[] }>([
    { signals: ['SIGTERM'],          comes: 'finishes the instance in work, here the last one', status: 0,  containers: containersOn('v1') },
    { signals: ['SIGINT', 'SIGINT'], comes: 'puts the new version back',                        status: 99, containers: first },
  ])('rollback, $signals: $comes', async ({ signals, status, containers }) => {
    const out = await sluice(...short, '--yes');
    expect(out.status, out.stderr).toBe(0);

    const ended = await interrupted(['rollback', '--yes'], { signals, at: atStep('check') });

    expect(ended.status, ended.stdout).toBe(status);
    await expectOwnServed(traffic, { containers });
  });
});
