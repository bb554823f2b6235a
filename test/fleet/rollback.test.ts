import { beforeEach, describe, expect, it } from 'vitest';
import { docker, labReset } from '../../lab/lab.ts';
import {
  allServers,
  containersOf,
  containersOn,
  everyHostInService,
  hostNamed,
  load,
  untilFreshlyUp,
} from '../support/fleet.ts';
import { folderWith } from '../support/command-line.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { sluice } from '../support/sluice.ts';

interface Inspected {
  readonly Config: { readonly Env: readonly string[] };
  readonly HostConfig: { readonly NetworkMode: string };
}

/**
 * How the containers of a host were created, without what the Engine gives each anew, and without its different words
 * for the same: no list and an empty one, the network `default` and its name, the order of variables.
 */
async function settingsOf(host: string): Promise<unknown> {
  const names = containersOn('').map((line) => line.trim());
  const inspected = JSON.parse(await docker(hostNamed(host), 'inspect', ...names)) as Inspected[];
  const settings = inspected.map(({ Config, HostConfig }) => ({
    Config: { ...Config, Hostname: '', Env: Config.Env.toSorted() },
    HostConfig: { ...HostConfig, NetworkMode: HostConfig.NetworkMode.replace(/^default$/, 'bridge') },
  }));
  return JSON.parse(
    JSON.stringify(settings, (_, value: unknown) => (Array.isArray(value) && value.length === 0 ? null : value)),
  );
}

describe('a rollback on the real fleet', () => {
  beforeEach(async () => {
    await labReset();
  });

  it('brings back images and settings under load, fails no request and keeps every weight', async () => {
    const fe1 = hostNamed('fe1');
    await docker(fe1, 'rm', '-f', 'pxApp_1');
    const own = ['--label', 'team=front', '-e', 'MOOD=calm', '--add-host', 'db:10.0.0.5', '--restart', 'always'];
    const image = 'registry.lab:5000/pxapp:v1';
    await docker(fe1, 'run', '-d', '--name', 'pxApp_1', '-p', '127.0.0.1:8081:8080', ...own, image);
    await untilFreshlyUp('fe1');
    const before = await settingsOf('fe1');
    const playbook = shortPlaybook(folderWith({}), { instances: 3, serial: 2 });
    const traffic = load();

    const out = await sluice('rollout', playbook, '-e', 'pxapp_version=v2', '--yes', '--limit', 'fe1,fe2');
    const back = await sluice('rollback', '--serial', '2', '--yes');
    const again = await sluice('rollback', '--yes');

    const report = await traffic.stop();
    expect(out, out.stderr).toMatchObject({ status: 0 });
    expect(back, back.stderr).toMatchObject({ status: 0 });
    expect(back.stdout).toContain('rollback: 6 rolled back');
    expect(again.stdout).toContain('rollback: nothing to do');
    expect(report.failures).toEqual([]);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2']) expect(await containersOf(host)).toEqual(containersOn('v1'));
    expect(await settingsOf('fe1')).toEqual(before);
  });
});
