import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Remark } from '../../src/rollout/events.ts';
import type { AdminState, Server } from '../../src/rollout/model.ts';
import { putBack } from '../../src/runner/instance/traffic.ts';
import { aServer } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeBalancer } from '../support/fake-balancer.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** As HAProxy, which has it UP for a moment between `state ready` and `health down`, and threads that send to it then. */
class Threaded extends FakeBalancer {
  override async setReadyWhenProven(server: Server): Promise<void> {
    const { weight, admin } = await this.look(server);
    if (weight > 0 && admin !== 'ready') this.failures.push(`${server.name} has nothing behind it, and was UP`);
    await super.setReadyWhenProven(server);
  }
}

describe('a server of a static algorithm', () => {
  it('gets the weight that a reload brings at the moment at which its old one is put back', async () => {
    const clock = new VirtualClock();
    const server = aServer('pxApp_1');
    const whole = new FakeBalancer(clock, server.balancer, {
      weights: new Map([['pxApp_1', 10]]),
      answers: () => true,
    });
    await whole.setWeight(server, 0);
    let isNew = false;
    const balancer = changed(whole, {
      backends: async (name) =>
        (await whole.backends(name)).map((one) => ({
          ...one,
          servers: one.servers.map((state) => ({ ...state, initialWeight: isNew ? 15 : 10 })),
        })),
      takesWeights: async () => 'fixed',
      setWeight: async (at, weight) => {
        isNew = true;
        if (weight !== 15) throw new Failure('haproxy', "it only accepts weights '0%' and '100%'");
        await whole.setWeight(at, weight);
      },
    });
    const remarks: Remark[] = [];
    const remark = (one: Remark): void => void remarks.push(one);
    const watch = { clock, signal: new AbortController().signal, remark, waiting: () => undefined };

    const options = { withinMs: 1_000, expectUp: false, agent: false };
    const weight = await putBack({ server, balancer }, { weight: 10, admin: 'ready' }, options, watch);

    expect(weight).toBe(15);
    expect(remarks).toEqual([{ about: 'fixed-weight', server, weight: 10, to: 15 }]);
  });
});

describe('a server that is put back with nothing behind it', () => {
  it.each<{ weight: number; admin: AdminState }>([
    { weight: 0, admin: 'maint' },
    { weight: 10, admin: 'maint' },
    { weight: 10, admin: 'ready' },
  ])('has no weight until it is DOWN, from $weight and $admin', async ({ weight, admin }) => {
    const clock = new VirtualClock();
    const server = aServer('pxApp_1');
    const servers = { weights: new Map([['pxApp_1', 10]]), answers: () => false };
    const balancer = new Threaded(clock, server.balancer, servers);
    await balancer.setWeight(server, weight);
    await balancer.setAdmin(server, admin);

    const watch = { clock, signal: new AbortController().signal, remark: () => undefined, waiting: () => undefined };
    const options = { withinMs: 1_000, expectUp: false, isEmpty: true, agent: false };
    await putBack({ server, balancer }, { weight: 10, admin: 'ready' }, options, watch);

    expect(balancer.weights()).toEqual({ pxApp_1: '10 ready DOWN' });
    expect(balancer.failures).toEqual([]);
  });
});
