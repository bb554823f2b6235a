import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ALL_IN_SERVICE, serversOf } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { sluice, start } from '../../support/sluice.ts';

describe('maintenance on the real fleet', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('drains one server under load, shows who did it and why, and restores its exact weight', async () => {
    const traffic = loadOwn();

    const drained = await sluice('drain', own, '--server', 'pxApp_2', '-m', 'disk swap');
    expect(drained.status, drained.stderr).toBe(0);
    expect(await serversOf(own)).toEqual([
      'pxApp_1 10 0 UP',
      expect.stringMatching(/^pxApp_2 0 1 /),
      'pxApp_3 30 0 UP',
    ]);
    const status = await sluice('status', own);
    expect(status.stdout).toMatch(/pxApp_2 was drained by \S+@\S+ at \S+: "disk swap"; restore puts back weight 20/);

    // Another machine has another home, has seen no run, and knows nothing but the hosts.
    const home = mkdtempSync(join(tmpdir(), 'sluice-home-'));
    const restored = await start(['restore', own], { env: { HOME: home, SLUICE_STATE: join(home, 'state') } }).ended;

    const report = await traffic.stop();
    expect(restored.status, restored.stderr).toBe(0);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(report.failures).toEqual([]);
  });

  it('drains all servers of a host only when told that its clients get 503', async () => {
    const refused = await sluice('drain', own);
    expect(refused.status).toBe(5);
    expect(refused.stderr).toContain(`backend pxapp_cluster on ${own} will have no usable server`);
    expect(refused.stderr).toContain('--yes');
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);

    const drained = await sluice('drain', own, '--yes');
    expect(drained.status, drained.stderr).toBe(0);
    expect((await serversOf(own)).map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual(['0 1', '0 1', '0 1']);

    const again = await sluice('drain', own, '--yes');
    expect(again.stdout).toContain('drain: nothing to do');
    const restored = await sluice('restore', own);
    expect(restored.stdout).toContain('restore: 3 restored');
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });

  it('puts the servers back when they cannot be drained in time', async () => {
    const traffic = loadOwn({ webSockets: 2 });

    const ended = await sluice('drain', own, '--yes', '--drain-timeout', '2s');

    await traffic.stop();
    expect(ended.status, ended.stderr).toBe(2);
    expect(ended.stdout).toMatch(
      /fe\d: Cannot drain pxapp_cluster\/pxApp_\d on fe\d: \d requests? still in hand after 2 s/,
    );
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });
});
