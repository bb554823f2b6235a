import { beforeEach, expect, describe, it } from 'vitest';
import { labReset, runtime } from '../../lab/lab.ts';
import { allServers, containersOf, containersOn, everyHostInService, hostNamed, load } from '../support/fleet.ts';
import { rolloutTo, sluice, type Ended } from '../support/sluice.ts';

describe('a rollout on the real fleet, with an app that takes 3 s to start and requests that take 1 s', () => {
  beforeEach(async () => {
    await labReset({ appDelayMs: 3_000, healthchecks: true });
  });

  // It goes from version to version until there were so many requests while one was under way.
  it('fails none of at least 20,000 requests and puts every weight back, also those that are not as configured', async () => {
    await runtime(hostNamed('fe1'), 'set weight pxapp_cluster/pxApp_1 7');
    await runtime(hostNamed('fe2'), 'set weight pxapp_cluster/pxApp_2 200');
    const before = await allServers();
    const traffic = load({ perHost: 150 });
    // On one host: each server waits for it up to the drain timeout.
    const sockets = load({ on: ['fe1'], perHost: 8, webSockets: 1 });

    const ended: Ended[] = [];
    let requests = 0;
    while (requests < 20_000 && ended.every(({ status }) => status === 0)) {
      const earlier = traffic.counts().requests;
      ended.push(await sluice(...rolloutTo(versionOf(ended.length + 1))));
      requests += traffic.counts().requests - earlier;
    }

    const [report, { failures, longLived }] = await Promise.all([traffic.stop(), sockets.stop()]);
    expect(ended.map(({ status, stderr }) => (status === 0 ? 0 : stderr))).toEqual(ended.map(() => 0));
    expect(requests).toBeGreaterThanOrEqual(20_000);
    expect([...report.failures, ...failures]).toEqual([]);
    expect(longLived.closedByOtherSide).toBeGreaterThan(0);
    expect(Object.keys(report.byVersion).toSorted()).toEqual(['v1', 'v2']);
    expect(await allServers()).toEqual(before);
    expect(before).not.toEqual(everyHostInService);
    for (const host of ['fe1', 'fe2', 'fe3'])
      expect(await containersOf(host)).toEqual(containersOn(versionOf(ended.length)));
  });
});

/** What the fleet is on after so many rollouts. */
function versionOf(rollouts: number): string {
  return rollouts % 2 === 0 ? 'v1' : 'v2';
}
