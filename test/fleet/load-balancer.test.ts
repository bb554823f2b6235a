import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { labReset, reload } from '../../lab/lab.ts';
import { savedSettings } from '../../lab/settings.ts';
import { SshFleet } from '../../src/cli/fleet.ts';
import { loadInventory } from '../../src/config/inventory/load.ts';
import { aServer, SOCKET } from '../support/builders.ts';
import { behavesLikeALoadBalancer, type Arrangement } from '../support/contracts/load-balancer.ts';
import { hostNamed, serverOfAddress } from '../support/fleet.ts';

behavesLikeALoadBalancer('HAProxy over SSH', async (): Promise<Arrangement> => {
  if (!savedSettings()) throw new Error('the lab is down');
  await labReset();
  const fleet = new SshFleet(loadInventory(['inventory/lab.ini']), {}, () => undefined);
  const access = await fleet.host('fe1');
  return {
    balancer: access.balancer(SOCKET),
    servers: [aServer('pxApp_1'), aServer('pxApp_2'), aServer('pxApp_3')],
    openRequest: () => openSlowRequest(hostNamed('fe1').address),
    reload: async () => reload(hostNamed('fe1')),
    untilChecked: async (isDone) => {
      while (!(await isDone())) await sleep(50);
    },
    end: () => fleet.close(),
  };
});

/** A request that is answered after a second, found again in HAProxy by its own source port. */
async function openSlowRequest(address: string): ReturnType<Arrangement['openRequest']> {
  const slow = request({ host: address, path: '/slow?ms=1500', agent: false });
  const answered = new Promise<number>((resolve, reject) => {
    slow.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
  });
  slow.end();
  const server = await Promise.race([serverOfAddress('fe1', slow), answered.then(() => undefined)]);
  return {
    server,
    finish: async () => {
      await answered;
    },
  };
}
