import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hostOf } from '../../lab/host.ts';
import { docker, labReset } from '../../lab/lab.ts';
import type { Load } from '../../lab/load/load.ts';
import { killRegistry, startRegistry } from '../../lab/registry.ts';
import { registry, repository } from '../../lab/settings.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { allServers, containersOf, containersOn, everyHostInService, hostNamed, load } from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { sluice, start } from '../support/sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
const archive = join(folder, 'pxapp.tar');
const image = `${registry.host}/${repository}:v2`;

/** The Engine of fe1 stands in for that of the machine where images are built. */
const builder = hostOf(1);
const playbook = shortPlaybook(folder, { instances: 3, serial: 3 });
const onHosts = ['rollout', playbook, '-e', 'pxapp_version=v2'];

async function idOn(host: string): Promise<string> {
  return (await docker(hostNamed(host), 'image', 'inspect', '--format', '{{.Id}}', image)).trim();
}

describe('images from here, where the registry cannot be reached', () => {
  let traffic: Load;
  beforeAll(async () => {
    await labReset();
    await docker(builder, 'pull', '-q', image);
    await docker(builder, 'save', '-o', archive, image);
  });
  beforeEach(async () => {
    await labReset();
    await docker(builder, 'load', '-q', '-i', archive);
    await killRegistry();
    traffic = load();
  });
  afterEach(async () => {
    await traffic.stop();
    await startRegistry();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function expectUpdated(): Promise<void> {
    expect((await traffic.stop()).failures).toEqual([]);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) expect(await containersOf(host)).toEqual(containersOn('v2'));
    const ids = await Promise.all(['fe1', 'fe2', 'fe3'].map(idOn));
    expect(new Set(ids).size).toBe(1);
  }

  it('come from an archive: the plan says which to whom, all run it, and then there is nothing to do', async () => {
    const planned = await sluice('plan', ...onHosts.slice(1), '--load', archive);
    expect(planned.status, planned.stderr).toBe(0);
    expect(planned.stdout).toMatch(
      / to be loaded:\n +registry\.lab:5000\/pxapp:v2 \([0-9a-f]{12}\) +\d+ MB from .*pxapp\.tar +to fe2, fe3\n/,
    );
    expect(await docker(hostNamed('fe2'), 'image', 'ls', '-q', image)).toBe('');

    const ended = await sluice(...onHosts, '--load', archive, '--yes');

    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    await expectUpdated();
    const again = await sluice(...onHosts, '--load', archive, '--yes');
    expect(again.status, again.stdout + again.stderr).toBe(0);
    expect(again.stdout).toMatch(/0 to replace, 0 to create, 9 to leave alone/);
  });

  it('come from the Engine of this machine', async () => {
    const events: RunEvent[] = [];
    const { ended } = start([...onHosts, '--load-from-engine', '--yes', '--json'], {
      env: { DOCKER_HOST: `unix://${builder.dockerSocket}` },
      onEvent: (event) => events.push(event),
    });

    const { status, stderr } = await ended;

    expect(status, stderr).toBe(0);
    expect(events.filter(({ type }) => type === 'image-pulled')).toHaveLength(3);
    await expectUpdated();
  });
});
