import { beforeEach, expect, describe, it } from 'vitest';
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
import { rolloutTo, sluice } from '../support/sluice.ts';

describe('a rollout on the real fleet, with an app that takes 3 s to start and requests that take 1 s', () => {
  beforeEach(async () => {
    await labReset({ appDelayMs: 3_000 });
  });

  it('fails none of at least 20,000 requests and puts every weight back', async () => {
    const traffic = load();

    const ended = await sluice(...rolloutTo('v2'));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThanOrEqual(20_000);
    expect(Object.keys(report.byVersion).toSorted()).toEqual(['v1', 'v2']);
    expect(await allServers()).toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) expect(await containersOf(host)).toEqual(containersOn('v2'));
  });
});

describe('a rollout on the real fleet', () => {
  beforeEach(async () => {
    await labReset();
  });

  it('has nothing to do the second time', async () => {
    await sluice(...rolloutTo('v2', '--limit', 'fe1'));

    const again = await sluice(...rolloutTo('v2', '--limit', 'fe1'));

    expect(again.status).toBe(0);
    expect(again.stdout).toContain('rollout: nothing to do');
    expect(again.stdout).toContain('0 to replace, 0 to create, 3 to leave alone');
  });

  it('keeps the settings that the playbook does not mention, and does not freeze those of the old image', async () => {
    const fe1 = hostNamed('fe1');
    await docker(fe1, 'rm', '-f', 'pxApp_1');
    const own = ['--label', 'team=front', '-e', 'MOOD=calm', '--add-host', 'db:10.0.0.5', '--restart', 'always'];
    await docker(
      fe1,
      'run',
      '-d',
      '--name',
      'pxApp_1',
      '-p',
      '127.0.0.1:8081:8080',
      ...own,
      'registry.lab:5000/pxapp:v1',
    );

    await untilFreshlyUp('fe1');

    const ended = await sluice(...rolloutTo('v2', '--limit', 'fe1'));

    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    const seen = await docker(
      fe1,
      'inspect',
      'pxApp_1',
      '--format',
      '{{json .Config.Env}} {{json .Config.Labels}} {{json .HostConfig.ExtraHosts}} {{.HostConfig.RestartPolicy.Name}}',
    );
    expect(seen).toContain('MOOD=calm');
    expect(seen).toContain('APP_VERSION=v2');
    expect(seen).not.toContain('APP_VERSION=v1');
    expect(seen).toContain('"team":"front"');
    expect(seen).toContain('db:10.0.0.5');
    expect(seen).toContain('always');
  });

  it('ends web sockets only at the drain timeout, and counts none of it as a failed request', async () => {
    const traffic = load({ webSockets: 2 });

    const ended = await sluice(...rolloutTo('v2', '--limit', 'fe1'));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(report.longLived.closedByOtherSide).toBeGreaterThan(0);
    expect(ended.stderr).toMatch(/still has \d requests? in hand at the drain timeout: shutdown_sessions/);
  });
});
