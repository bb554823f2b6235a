import { describe } from 'vitest';
import { aServer } from '../support/builders.ts';
import { behavesLikeALoadBalancer } from '../support/contracts/load-balancer.ts';
import { FakeBalancer } from '../support/fake-balancer.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const never = new AbortController().signal;

describe.each(['2.6.12', '3.2.26'])('of HAProxy %s', (version) => {
  behavesLikeALoadBalancer('the fake', async () => {
    const clock = new VirtualClock();
    const weights = new Map([
      ['pxApp_1', 10],
      ['pxApp_2', 20],
      ['pxApp_3', 30],
    ]);
    const balancer = new FakeBalancer(clock, aServer().balancer, { weights, answers: () => true });
    balancer.version = version;
    clock.onAdvance(() => {
      balancer.tick();
    });
    return {
      balancer,
      servers: [aServer('pxApp_1'), aServer('pxApp_2'), aServer('pxApp_3')],
      openRequest: async () => ({
        server: balancer.open(1_000),
        finish: () => clock.sleep(1_000, never),
      }),
      reload: async () => {
        balancer.reload();
      },
      untilChecked: async (isDone) => {
        while (!(await isDone())) await clock.sleep(100, never);
      },
      end: async () => undefined,
    };
  });
});
