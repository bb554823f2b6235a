import { beforeEach, describe, expect, it } from 'vitest';
import { cut, heal, labReset } from '../../lab/lab.ts';
import { allServers, containersOf, containersOn, everyHostInService, hostNamed, load } from '../support/fleet.ts';
import { folderWith } from '../support/command-line.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { sluice } from '../support/sluice.ts';

describe('the failure policy on the real fleet', () => {
  beforeEach(async () => {
    await labReset();
  });

  it('on_failure: rollback takes back what was updated before the version turned bad, and fails no request', async () => {
    const version = "{{ 'exits' if inventory_hostname == 'fe3' else 'v2' }}";
    const badOnThird = shortPlaybook(folderWith({}), { instances: 3, serial: '[2, 1]', version });
    const traffic = load();

    const ended = await sluice('rollout', badOnThird, '--yes', '--on-failure', 'rollback');

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 8 });
    expect(ended.stdout.match(/rolled back/g)?.length).toBeGreaterThanOrEqual(2);
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(500);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) expect(await containersOf(host)).toEqual(containersOn('v1'));
  });

  it('on_failure: continue tries every host, and every one is put back', async () => {
    const playbook = shortPlaybook(folderWith({}), { instances: 3, serial: 3 });
    const traffic = load();

    const ended = await sluice('rollout', playbook, '-e', 'pxapp_version=exits', '--yes', '--on-failure', 'continue');

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 2 });
    expect(ended.stdout.match(/failed, put back/g)).toHaveLength(3);
    expect(report.failures).toEqual([]);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) expect(await containersOf(host)).toEqual(containersOn('v1'));
  });

  it('unreachable: skip leaves out a host that is cut off, and updates the others', async () => {
    const playbook = shortPlaybook(folderWith({}), { instances: 3, serial: '3\n  unreachable: skip' });
    await cut(hostNamed('fe2'));
    try {
      const options = ['-e', 'pxapp_version=v2', '--yes', '--connect-timeout', '2s'];
      const ended = await sluice('rollout', playbook, ...options);

      expect(ended, ended.stderr).toMatchObject({ status: 4 });
      expect(ended.stderr).toMatch(/warning: fe2 is skipped: Cannot reach fe2/);
      expect(ended.stdout).toMatch(/fe2 +unreachable/);
    } finally {
      await heal(hostNamed('fe2'));
    }
    expect(await allServers()).toEqual(everyHostInService);
    expect(await containersOf('fe1')).toEqual(containersOn('v2'));
    expect(await containersOf('fe2')).toEqual(containersOn('v1'));
    expect(await containersOf('fe3')).toEqual(containersOn('v2'));
  });
});
