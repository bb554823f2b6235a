import { beforeEach, describe, expect, it } from 'vitest';
import { docker } from '../../../lab/lab.ts';
import { untilFreshlyUp } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { rolloutTo, sluice } from '../../support/sluice.ts';

describe('a rollout on a real host', () => {
  beforeEach(async () => {
    await resetOwn({ healthchecks: true });
  });

  it('has nothing to do the second time', async () => {
    await sluice(...rolloutTo('v2', '--limit', own));

    const again = await sluice(...rolloutTo('v2', '--limit', own));

    expect(again.status).toBe(0);
    expect(again.stdout).toContain('rollout: nothing to do');
    expect(again.stdout).toContain('0 to replace, 0 to create, 3 to leave alone');
  });

  it('keeps the settings that the playbook does not mention, and does not freeze those of the old image', async () => {
    const host = ownHost();
    await docker(host, 'rm', '-f', 'pxApp_1');
    const settings = ['--label', 'team=front', '-e', 'MOOD=calm', '--add-host', 'db:10.0.0.5', '--restart', 'always'];
    await docker(
      host,
      'run',
      '-d',
      '--name',
      'pxApp_1',
      '-p',
      '127.0.0.1:8081:8080',
      ...settings,
      'registry.lab:5000/pxapp:v1',
    );

    await untilFreshlyUp(own);

    const ended = await sluice(...rolloutTo('v2', '--limit', own));

    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    const seen = await docker(
      host,
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
    const traffic = loadOwn({ webSockets: 2 });

    const ended = await sluice(...rolloutTo('v2', '--limit', own));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(report.longLived.closedByOtherSide).toBeGreaterThan(0);
    expect(ended.stderr).toMatch(/still has \d requests? in hand at the drain timeout: shutdown_sessions/);
  });
});
