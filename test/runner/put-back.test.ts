import { describe, expect, it } from 'vitest';
import type { AdminState, Server } from '../../src/rollout/model.ts';
import { putBack } from '../../src/runner/instance/traffic.ts';
import { aServer } from '../support/builders.ts';
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
