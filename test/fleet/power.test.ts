import { beforeEach, describe, expect, it } from 'vitest';
import { labReset, powerOff, powerOn } from '../../lab/lab.ts';
import { folderWith } from '../support/command-line.ts';
import {
  allServers,
  containersOf,
  everyHostReweighed,
  hostNamed,
  load,
  REWEIGHED,
  reweigh,
  serversOf,
  untilServers,
} from '../support/fleet.ts';
import { shortPlaybook } from '../support/short-playbook.ts';
import { sluice } from '../support/sluice.ts';
import { struck, untilOldIsAside, type Strike } from '../support/strikes.ts';

describe('a real host whose power fails while its container is replaced', () => {
  beforeEach(async () => {
    await labReset();
    await reweigh('fe1', 'fe2', 'fe3');
  });

  // It is given up after half a minute of waiting, and a minute on the way home.
  it(
    'is named as out of service, the others end as they would, and recover brings it back once it has booted',
    { timeout: 300_000 },
    async () => {
      // Not later: dockerd, killed as it starts a container, may never let go of its port (src/adapters/docker/taken-port.ts).
      const off: Strike = {
        at: 'replace',
        when: untilOldIsAside,
        then: (host, stopped) => stopped(() => powerOff(host)),
      };
      const args = ['rollout', shortPlaybook(folderWith({}), { serial: 3 }), '-e', 'pxapp_version=v2', '--yes'];
      const elsewhere = load({ on: ['fe1', 'fe3'] });

      const ended = await struck(args, { fe2: [off] });

      expect(ended.status, ended.stdout).toBe(7);
      expect(ended.events).toContainEqual(
        expect.objectContaining({ type: 'host-ended', host: 'fe2', end: 'outOfService' }),
      );
      for (const name of ['fe1', 'fe3']) {
        expect(await containersOf(name)).toEqual(['pxApp_1 v2', 'pxApp_2 v1', 'pxApp_3 v1']);
        expect(await serversOf(name)).toEqual(REWEIGHED);
      }

      await powerOn(hostNamed('fe2'));
      await untilServers(
        hostNamed('fe2'),
        ([, second = '', third = '']) => second.endsWith('UP') && third.endsWith('UP'),
      );
      const traffic = load({ on: ['fe2'] });
      const status = await sluice('status', 'fe2');
      const recovered = await sluice('recover', 'fe2');

      const reports = [await elsewhere.stop(), await traffic.stop()];
      expect(status.stdout).toMatch(
        /pxapp_cluster\/pxApp_1 was left in work by a rollout by .*; recover puts back weight 7/,
      );
      expect(recovered.status, recovered.stderr).toBe(0);
      expect(await containersOf('fe2')).toEqual(['pxApp_1 v1', 'pxApp_2 v1', 'pxApp_3 v1']);
      expect(await allServers()).toEqual(everyHostReweighed);
      expect((await sluice('lock', 'list')).stdout.match(/ free$/gm)).toHaveLength(3);
      expect(reports.map(({ failures }) => failures)).toEqual([[], []]);
    },
  );
});
