import { configAccess } from '../../../src/cli/config-access.ts';
import { aServer } from '../../support/builders.ts';
import { behavesLikeAConfigPort, type Arrangement } from '../../support/contracts/config-port.ts';
import { labFleet } from '../../support/lab-fleet.ts';
import { own, resetOwn } from '../../support/own-host.ts';

/** As in playbooks/haproxy-config.yml. */
const PATH = '/etc/haproxy/haproxy.cfg';

behavesLikeAConfigPort('the configuration of HAProxy over SSH', async (): Promise<Arrangement> => {
  await resetOwn();
  const fleet = labFleet();
  const { balancer } = aServer('pxApp_1', own);
  const access = await fleet.host(own);
  return {
    ...configAccess(fleet.link(own), { balancer, path: PATH, reload: undefined }),
    balancer: access.balancer(balancer),
    servers: [aServer('pxApp_1', own), aServer('pxApp_2', own), aServer('pxApp_3', own)],
    changed: (text) => `${text}\n# changed\n`,
    broken: (text) => text.replace('retries 0', 'retires 0'),
    end: async () => {
      await fleet.close();
      await resetOwn();
    },
  };
});
