import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/rollout/events.ts';
import { ALL_IN_SERVICE, serversOf, untilServers } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { sluice, start } from '../../support/sluice.ts';

const drainFor = (time: string, ...more: readonly string[]): string[] => [
  ...['drain', own, '--server', 'pxApp_2', '--for', time, '-m', 'disk swap', '--json', ...more],
];

describe('a drain for a time on a real host', () => {
  beforeEach(async () => {
    await resetOwn();
  });

  it('is over by itself, under load', async () => {
    const traffic = loadOwn();
    let during: readonly string[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'hold-started') void serversOf(own).then((servers) => (during = servers));
    };

    const ended = await start(drainFor('8s'), { onEvent }).ended;

    const report = await traffic.stop();
    expect(ended.status, ended.stderr).toBe(0);
    expect(during[1]).toMatch(/^pxApp_2 0 1 /);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect(report.failures).toEqual([]);
    expect((await sluice('lock', 'list', own)).stdout).toMatch(/ free$/m);
  });

  it('is put back at once by Ctrl-C', async () => {
    const onEvent = (event: RunEvent, child: { kill: (signal: 'SIGINT') => void }): void => {
      if (event.type === 'hold-started') child.kill('SIGINT');
    };

    const ended = await start(drainFor('10m'), { onEvent }).ended;

    expect(ended.status, ended.stderr).toBe(99);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
  });

  it('whose command is killed is put back by restore --expired, and by nothing before its time', async () => {
    const traffic = loadOwn();
    const onEvent = (event: RunEvent, child: { kill: (signal: 'SIGKILL') => void }): void => {
      if (event.type === 'hold-started') child.kill('SIGKILL');
    };
    await start(drainFor('45s'), { onEvent }).ended;

    const early = await sluice('restore', '--expired', own);
    const status = await sluice('status', own);
    const out = await serversOf(own);
    const late = untilServers(ownHost(), (servers) => servers.join() === ALL_IN_SERVICE.join());
    const restored: string[] = [];
    while ((await serversOf(own)).join() !== ALL_IN_SERVICE.join()) {
      restored.push((await sluice('restore', '--expired', own)).stdout);
    }
    await late;

    const report = await traffic.stop();
    expect(early.stdout).toContain('restore: nothing to do');
    expect(out[1]).toMatch(/^pxApp_2 0 1 /);
    expect(status.stdout).toMatch(
      /pxApp_2 is drained until .* by \S+@\S+: "disk swap" \(in \d+ s\); restore puts back weight 20/,
    );
    expect(restored.at(-1)).toContain('restore: 1 restored');
    expect(report.failures).toEqual([]);
  });
});
