import { describe, expect, it } from 'vitest';
import { powerOff, powerOn } from '../../../lab/lab.ts';
import { folderWith } from '../../support/command-line.ts';
import { ALL_IN_SERVICE, containersOf, serversOf, untilServers } from '../../support/fleet.ts';
import { loadOwn, own, ownHost, resetOwn } from '../../support/own-host.ts';
import { shortPlaybook } from '../../support/short-playbook.ts';
import { sluice } from '../../support/sluice.ts';
import { struck, untilOldIsAside, type Strike } from '../../support/strikes.ts';

describe('a real host whose power fails while its container is replaced', () => {
  // It is given up after half a minute of waiting, and a minute on the way home.
  it('is named as out of service, and recover brings it back once it has booted', { timeout: 300_000 }, async () => {
    await resetOwn();
    // Not later: dockerd, killed as it starts a container, may never let go of its port (src/adapters/docker/taken-port.ts).
    const off: Strike = {
      at: 'replace',
      when: untilOldIsAside,
      then: (host, stopped) => stopped(() => powerOff(host)),
    };
    const args = ['rollout', shortPlaybook(folderWith({})), '-e', 'pxapp_version=v2', '--yes', '--limit', own];

    const ended = await struck(args, { [own]: [off] });

    expect(ended.status, ended.stdout).toBe(7);
    expect(ended.events).toContainEqual(
      expect.objectContaining({ type: 'host-ended', host: own, end: 'outOfService' }),
    );

    await powerOn(ownHost());
    await untilServers(ownHost(), ([, second = '', third = '']) => second.endsWith('UP') && third.endsWith('UP'));
    const traffic = loadOwn();
    const status = await sluice('status', own);
    const recovered = await sluice('recover', own);

    const report = await traffic.stop();
    expect(status.stdout).toMatch(
      /pxapp_cluster\/pxApp_1 was left in work by a rollout by .*; recover puts back weight 10/,
    );
    expect(recovered.status, recovered.stderr).toBe(0);
    expect(await containersOf(own)).toEqual(['pxApp_1 v1', 'pxApp_2 v1', 'pxApp_3 v1']);
    expect(await serversOf(own)).toEqual(ALL_IN_SERVICE);
    expect((await sluice('lock', 'list', own)).stdout).toMatch(/ free$/m);
    expect(report.failures).toEqual([]);
  });
});
