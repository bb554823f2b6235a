import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { labReset } from '../../lab/lab.ts';
import { allServers, everyHostInService, load, serversOf } from '../support/fleet.ts';
import { sluice, start } from '../support/sluice.ts';

describe('maintenance on the real fleet', () => {
  beforeEach(async () => {
    await labReset();
  });

  it('drains one server under load, shows who did it and why, and restores its exact weight', async () => {
    const traffic = load();

    const drained = await sluice('drain', 'fe1', '--server', 'pxApp_2', '-m', 'disk swap');
    expect(drained.status, drained.stderr).toBe(0);
    expect(await serversOf('fe1')).toEqual([
      'pxApp_1 10 0 UP',
      expect.stringMatching(/^pxApp_2 0 1 /),
      'pxApp_3 30 0 UP',
    ]);
    const status = await sluice('status', 'fe1');
    expect(status.stdout).toMatch(/pxApp_2 was drained by \S+@\S+ at \S+: "disk swap"; restore puts back weight 20/);

    // Another machine has another home and knows nothing but the hosts.
    const home = mkdtempSync(join(tmpdir(), 'sluice-home-'));
    const restored = await start(['restore', 'fe1'], { env: { HOME: home } }).ended;

    const report = await traffic.stop();
    expect(restored.status, restored.stderr).toBe(0);
    expect(await allServers()).toEqual(everyHostInService);
    expect(report.failures).toEqual([]);
  });

  it('drains all servers of a host only when told that its clients get 503', async () => {
    const refused = await sluice('drain', 'fe2');
    expect(refused.status).toBe(5);
    expect(refused.stderr).toContain('backend pxapp_cluster on fe2 will have no usable server');
    expect(refused.stderr).toContain('--yes');
    expect(await allServers()).toEqual(everyHostInService);

    const drained = await sluice('drain', 'fe2', '--yes');
    expect(drained.status, drained.stderr).toBe(0);
    expect((await serversOf('fe2')).map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual([
      '0 1',
      '0 1',
      '0 1',
    ]);

    const again = await sluice('drain', 'fe2', '--yes');
    expect(again.stdout).toContain('drain: nothing to do');
    const restored = await sluice('restore', 'fe2');
    expect(restored.stdout).toContain('restore: 3 restored');
    expect(await allServers()).toEqual(everyHostInService);
  });

  it('puts the servers back when they cannot be drained in time', async () => {
    const traffic = load({ webSockets: 2 });

    const ended = await sluice('drain', 'fe1', '--yes', '--drain-timeout', '2s');

    await traffic.stop();
    expect(ended.status, ended.stderr).toBe(2);
    expect(ended.stdout).toMatch(
      /fe1: Cannot drain pxapp_cluster\/pxApp_\d on fe1: \d requests? still in hand after 2 s/,
    );
    expect(await allServers()).toEqual(everyHostInService);
  });
});
