import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Load } from '../../../lab/load/load.ts';
import { containersOn, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { expectOwnServed } from '../../support/own-whole.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { atEvent, atStep, interrupted, onTerminal, type Terminal } from '../../support/signals.ts';
import { rolloutTo, sluice } from '../../support/sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-stopping-'));
const short = ['rollout', shortPlaybook(folder), '-e', 'pxapp_version=v2', '--limit', own];
/** Of two instances: something is left to do when the first has ended. */
const two = ['rollout', shortPlaybook(folder, { instances: 2 }), '-e', 'pxapp_version=v2', '--limit', own, '--yes'];
const first = ['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1'];

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a signal to a rollout on the real fleet', () => {
  let traffic: Load;
  beforeEach(async () => {
    await resetOwn();
    traffic = loadOwn();
  });

  // prettier-ignore
  it.each<{ signals: NodeJS.Signals[]; step: string; comes: string; containers: string[] }>([
    { signals: ['SIGINT'],             step: 'drain', comes: 'finishes the instance in work',  containers: first },
    { signals: ['SIGTERM'],            step: 'check', comes: 'finishes the instance in work',  containers: first },
    { signals: ['SIGHUP'],             step: 'soak',  comes: 'finishes the instance in work',  containers: first },
    { signals: ['SIGINT', 'SIGINT'],   step: 'check', comes: 'puts the old container back',    containers: containersOn('v1') },
    { signals: ['SIGTERM', 'SIGTERM'], step: 'drain', comes: 'puts the server back',           containers: containersOn('v1') },
    { signals: ['SIGHUP', 'SIGHUP'],   step: 'soak',  comes: 'leaves in service what serves',  containers: first },
  ])('$signals at $step: $comes, and stops', async ({ signals, step, containers }) => {
    const ended = await interrupted(two, { signals, at: atStep(step) });

    expect(ended.status, ended.stdout).toBe(99);
    await expectOwnServed(traffic, { containers });
  });

  it('SIGHUP while it waits for a lock: nothing is touched', async () => {
    await sluice('lock', 'take', own, '-m', 'do not deploy');

    const args = [...short, '--yes', '--lock-wait', '10m'];
    const ended = await interrupted(args, { signals: ['SIGHUP'], at: atEvent('lock-waiting') });

    expect(ended.status, ended.stdout).toBe(99);
    expect((await sluice('lock', 'release', own)).stdout).toContain('locks released: 1');
    await expectOwnServed(traffic);
  });

  // prettier-ignore
  it.each<{ signals: NodeJS.Signals[] }>([{ signals: ['SIGINT'] }, { signals: ['SIGTERM', 'SIGTERM'] }])(
    '$signals in the pre-flight: nothing is touched', async ({ signals }) => {
    const ended = await interrupted([...short, '--yes'], { signals, at: atEvent('run-started') });

    expect(ended.status, ended.stdout).toBe(99);
    await expectOwnServed(traffic);
  });

  // prettier-ignore
  it.each<{ what: string; send: (terminal: Terminal) => void }>([
    { what: 'Ctrl-C',  send: (terminal) => { terminal.type('\x03'); } },
    { what: 'Ctrl-D',  send: (terminal) => { terminal.type('\x04'); } },
    { what: 'SIGTERM', send: (terminal) => { terminal.signal('SIGTERM'); } },
    { what: 'SIGHUP',  send: (terminal) => { terminal.signal('SIGHUP'); } },
  ])('$what at the prompt: nothing is touched', async ({ send }) => {
    const { status, shown } = await onTerminal(short, 'Go on? [y/N]', send);

    expect(status, shown).toBe(99);
    await expectOwnServed(traffic);
  });

  it('three of them: a person is needed, and recover puts it right from the record on the host', async () => {
    const ended = await interrupted([...short, '--yes'], {
      signals: ['SIGINT', 'SIGTERM', 'SIGHUP'],
      at: atStep('check'),
    });
    expect(ended.status, ended.stdout).toBe(7);
    expect((await serversOf(own))[0]).toMatch(/^pxApp_1 0 1 /);
    const left = /pxapp_cluster\/pxApp_1 was left in work by a rollout by .*; recover puts back weight 10/;
    expect((await sluice('status', own)).stdout).toMatch(left);

    const next = await sluice(...rolloutTo('v2', '--limit', own));
    expect(next.status).toBe(1);
    expect(next.stderr).toMatch(/pxapp_cluster\/pxApp_1 was left in work by .*: see to it with "sluice recover fe\d"/);

    const recovered = await sluice('recover', own);
    expect(recovered.status, recovered.stderr).toBe(0);
    await expectOwnServed(traffic);
  });
});
