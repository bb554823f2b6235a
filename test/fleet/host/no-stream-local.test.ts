import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containersOf, containersOn, serversOf, ALL_IN_SERVICE } from '../../support/fleet.ts';
import { loadOwn, own, resetOwn } from '../../support/own-host.ts';
import { rolloutTo, sluice } from '../../support/sluice.ts';

describe('a host whose sshd forwards no sockets', () => {
  beforeAll(async () => {
    await resetOwn({ streamLocal: false });
  });

  afterAll(async () => {
    await resetOwn();
  });

  it('is reached by commands on it', async () => {
    const { status, stdout } = await sluice('doctor', own);

    expect(status).toBe(0);
    expect(stdout).toMatch(
      /docker +Engine \S+, API \S+, command: docker -H 'unix:\/\/\/var\/run\/docker.sock' system dial-stdio/,
    );
    expect(stdout).toMatch(/haproxy +\S+, \S+, level admin, command: socat -t0 - UNIX-CONNECT:/);
  });

  it('is rolled under load without a failed request', async () => {
    const traffic = loadOwn();

    const ended = await sluice(...rolloutTo('v2', '--limit', own));

    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(report.requests).toBeGreaterThan(0);
    expect(await containersOf(own)).toEqual(containersOn('v2'));
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });
});
