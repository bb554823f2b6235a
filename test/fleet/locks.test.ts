import { beforeEach, describe, expect, it } from 'vitest';
import { cut, heal, labReset } from '../../lab/lab.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { folderWith } from '../support/command-line.ts';
import { allServers, containersOf, everyHostInService, hostNamed, load } from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { rolloutTo, sluice, start } from '../support/sluice.ts';

describe('locks on the real fleet', () => {
  const playbook = shortPlaybook(folderWith({}));
  beforeEach(async () => {
    await labReset();
    await sluice('lock', 'break', 'all', '--yes');
  });

  it('let one of two rollouts at once through, and the other when it waits', async () => {
    const traffic = load();
    const [one, other] = await Promise.all([
      sluice('rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--lock-wait', '5m'),
      sluice('rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--lock-wait', '5m'),
    ]);

    const report = await traffic.stop();
    expect([one.status, other.status], one.stderr + other.stderr).toEqual([0, 0]);
    expect(one.stderr + other.stderr).toMatch(/fe\d {2}waiting for its lock: \S+@\S+ holds it, run \S+/);
    expect(await containersOf('fe3')).toEqual(['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']);
    expect(await allServers()).toEqual(everyHostInService);
    expect(report.failures).toEqual([]);
  });

  it('of a run whose machine is cut off for good go to another, and it changes nothing once it is back', async () => {
    const fe3 = hostNamed('fe3');
    const traffic = load({ on: ['fe1'] });
    const limited = (version: string): readonly string[] =>
      rolloutTo(version, '--limit', 'fe1').map((word) => (word === 'playbooks/pxapp.yml' ? playbook : word));
    let isCut = false;
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'step-started' && event.step === 'check') void cut(fe3).then(() => (isCut = true));
    };

    try {
      const lost = start([...limited('v2'), '--json'], { onEvent, from: fe3 });
      await expect.poll(() => isCut, { timeout: 60_000 }).toBe(true);
      const other = await sluice(...limited('v3'), '--lock-wait', '2m', '--take-over');

      expect(other.status, other.stderr).toBe(0);
      expect(other.stderr).toMatch(/fe1 {2}waiting for its lock: \S+@\S+ holds it/);
      expect(other.stderr).toMatch(/Taken over from a run that died/);
      await heal(fe3);
      const ended = await lost.ended;
      expect(ended.status, ended.stdout).toBe(7);
      expect(ended.stdout).toContain('the lock is not ours any more');
    } finally {
      await heal(fe3);
    }

    const report = await traffic.stop();
    expect(await containersOf('fe1')).toEqual(['pxApp_1 v3', 'pxApp_2 v1', 'pxApp_3 v1']);
    expect(await allServers()).toEqual(everyHostInService);
    expect((await sluice('lock', 'list', 'fe1')).stdout).toMatch(/^fe1 +free$/m);
    expect(report.failures).toEqual([]);
  });

  it('can be held on purpose, released and broken', async () => {
    const taken = await sluice('lock', 'take', 'fe1,fe2', '-m', 'do not deploy');
    expect(taken.status, taken.stderr).toBe(0);
    const refused = await sluice(...rolloutTo('v2'));
    expect(refused.status).toBe(75);
    expect(refused.stderr).toMatch(/Cannot lock fe2: it is held on purpose by \S+@\S+ \("do not deploy"\)/);

    expect((await sluice('lock', 'release', 'fe1')).stdout).toContain('locks released: 1');
    expect((await sluice('lock', 'break', 'all', '--yes')).stdout).toContain('locks broken: 1');
    expect((await sluice('lock', 'list', '--json')).stdout.match(/"state":"free"/g)).toHaveLength(3);
  });
});
