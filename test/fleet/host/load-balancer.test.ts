import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { reload } from '../../../lab/lab.ts';
import { savedSettings } from '../../../lab/settings.ts';
import { aServer, SOCKET } from '../../support/builders.ts';
import { behavesLikeALoadBalancer, type Arrangement } from '../../support/contracts/load-balancer.ts';
import { serverOfAddress } from '../../support/fleet.ts';
import { labFleet } from '../../support/lab-fleet.ts';
import { own, ownHost, resetOwn } from '../../support/own-host.ts';

behavesLikeALoadBalancer('HAProxy over SSH', async (): Promise<Arrangement> => {
  if (!savedSettings()) throw new Error('the lab is down');
  await resetOwn();
  const fleet = labFleet();
  const access = await fleet.host(own);
  return {
    balancer: access.balancer({ socket: SOCKET }),
    servers: [aServer('pxApp_1', own), aServer('pxApp_2', own), aServer('pxApp_3', own)],
    openRequest: () => openRequest(ownHost().address),
    reload: async () => reload(ownHost()),
    untilChecked: async (isDone) => {
      while (!(await isDone())) await sleep(50);
    },
    end: () => fleet.close(),
  };
});

/** A request that is in hand until it is finished: its body has not ended. Found again in HAProxy by its source port. */
async function openRequest(address: string): ReturnType<Arrangement['openRequest']> {
  const open = request({ host: address, path: '/echo', method: 'POST', agent: false });
  const answered = new Promise<number>((resolve, reject) => {
    open.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
  });
  open.write('begun');
  const server = await Promise.race([serverOfAddress(own, open), answered.then(() => undefined)]);
  return {
    server,
    finish: async () => {
      open.end();
      await answered;
    },
  };
}
