import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, describe, it } from 'vitest';
import { labReset, runtime } from '../../lab/lab.ts';
import { allServers, containersOf, containersOn, everyHostInService, hostNamed, load } from '../support/fleet.ts';
import { rolloutTo, sluice } from '../support/sluice.ts';

describe('a rollout on the real fleet, with an app that takes 3 s to start and requests that take 1 s', () => {
  beforeEach(async () => {
    await labReset({ appDelayMs: 3_000, healthchecks: true });
  });

  it('fails none of at least 20,000 requests and puts every weight back, also those that are not as configured', async () => {
    await runtime(hostNamed('fe1'), 'set weight pxapp_cluster/pxApp_1 7');
    await runtime(hostNamed('fe2'), 'set weight pxapp_cluster/pxApp_2 200');
    const before = await allServers();
    const traffic = load({ perHost: 150 });

    const ended = await sluice(...rolloutTo('v2'));

    while (traffic.counts().requests < 20_000) await sleep(100);
    const report = await traffic.stop();
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(report.failures).toEqual([]);
    expect(Object.keys(report.byVersion).toSorted()).toEqual(['v1', 'v2']);
    expect(await allServers()).toEqual(before);
    expect(before).not.toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3']) expect(await containersOf(host)).toEqual(containersOn('v2'));
  });
});
