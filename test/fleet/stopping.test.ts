import { beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { allServers, containersOf, everyHostInService, load, serversOf } from '../support/fleet.ts';
import { rolloutTo, sluice, start, type Ended } from '../support/sluice.ts';

/** Rolls fe1 and fe2 out and sends `signals` when the first instance takes this step. */
async function interruptedAt(step: string, signals: readonly NodeJS.Signals[]): Promise<Ended> {
  let isSent = false;
  const onEvent = (event: RunEvent, child: { kill(signal: NodeJS.Signals): boolean }): void => {
    if (isSent || event.type !== 'step-started' || event.step !== step) return;
    isSent = true;
    for (const signal of signals) child.kill(signal);
  };
  return start(rolloutTo('v2', '--limit', 'fe1,fe2', '--json'), { onEvent }).ended;
}

describe('stopping a rollout on the real fleet', () => {
  beforeEach(async () => {
    await labReset();
  });

  it('finishes the instance in work at the first Ctrl-C, restores it, and stops', async () => {
    const traffic = load();

    const ended = await interruptedAt('drain', ['SIGINT']);

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(99);
    expect(await containersOf('fe1')).toEqual(['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']);
    expect(await allServers()).toEqual(everyHostInService);
    expect(report.failures).toEqual([]);
  });

  it('puts the old container back at the second', async () => {
    const traffic = load();

    // Two different signals, since the kernel makes one of two equal ones that are pending.
    const ended = await interruptedAt('check', ['SIGINT', 'SIGTERM']);

    const report = await traffic.stop();
    expect(ended.status, ended.stdout).toBe(99);
    expect(await containersOf('fe1')).toEqual(['pxApp_1 v1', 'pxApp_2 v1', 'pxApp_3 v1']);
    expect(await allServers()).toEqual(everyHostInService);
    expect(report.failures).toEqual([]);
  });

  it('says that a person is needed at the third, and recover puts it right from the record on the host', async () => {
    const ended = await interruptedAt('check', ['SIGINT', 'SIGTERM', 'SIGHUP']);
    expect(ended.status, ended.stdout).toBe(7);
    expect((await serversOf('fe1'))[0]).toMatch(/^pxApp_1 0 1 /);

    const next = await sluice(...rolloutTo('v2', '--limit', 'fe1'));
    expect(next.status).toBe(1);
    expect(next.stderr).toMatch(
      /fe1: pxapp_cluster\/pxApp_1 was left in work by .*: see to it with "sluice recover fe1"/,
    );

    const recovered = await sluice('recover', 'fe1');
    expect(recovered.status, recovered.stderr).toBe(0);
    expect(await allServers()).toEqual(everyHostInService);
    expect(await containersOf('fe1')).toEqual(['pxApp_1 v1', 'pxApp_2 v1', 'pxApp_3 v1']);
  });

  // prettier-ignore
  it.each(['drain', 'replace', 'check', 'restore', 'soak', 'retire'])(
    'leaves after kill -9 in %s what recover can finish, with no failed request', async (step) => {
      const traffic = load();

      const ended = await interruptedAt(step, ['SIGKILL']);
      expect(ended.status).toBeNull();
      const status = await sluice('status', 'fe1');
      // A drain that has not begun has left nothing to put back.
      if (step !== 'drain') expect(status.stdout).toMatch(/fe1 pxapp_cluster\/pxApp_1 was left in work by a rollout by .*; recover puts back weight 10/);
      const recovered = await sluice('recover', 'fe1');

      const report = await traffic.stop();
      expect(recovered.status, recovered.stderr).toBe(0);
      expect(await allServers()).toEqual(everyHostInService);
      const containers = await containersOf('fe1');
      expect(containers.filter((line) => !line.includes('.replaced-'))).toEqual([
        expect.stringMatching(/^pxApp_1 v[12]$/),
        'pxApp_2 v1',
        'pxApp_3 v1',
      ]);
      // One that was to be removed stays behind, stopped, until the next rollout.
      const behind = containers.filter((line) => line.includes('.replaced-'));
      expect(behind.every((line) => step === 'retire' && line.endsWith(' exited'))).toBe(true);
      expect(report.failures).toEqual([]);
    });
});
