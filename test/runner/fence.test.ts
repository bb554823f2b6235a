import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Containers, HostAccess, LoadBalancer } from '../../src/runner/ports/ports.ts';
import { fenced } from '../../src/runner/hosts/fence.ts';
import { aServer, SOCKET } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

/** A host that is ours for the first time it is asked whose it is, and somebody else's from then on. */
async function lost() {
  const fleet = await FakeFleet.up(['fe1']);
  const host = await fleet.host('fe1');
  let asked = 0;
  const sure = async (): Promise<void> => {
    asked += 1;
    if (asked > 1) throw new Failure('locked', 'Cannot go on with fe1: the lock is not ours any more');
  };
  // As an adapter does it: it looks, and asks once more.
  const containers: Partial<Containers> = {
    stop: async (name, again) => {
      await host.containers.inspect(name);
      await again?.();
      await host.containers.stop(name);
    },
  };
  const balancer: Partial<LoadBalancer> = {
    setWeight: async (server, weight, again) => {
      await again?.();
      await host.haproxy.setWeight(server, weight);
    },
  };
  const access = changed<HostAccess>(host, {
    containers: changed(host.containers, containers),
    balancer: () => changed(host.haproxy, balancer),
  });
  return { host, access: fenced(access, sure), asked: () => asked };
}

describe('a host behind the fence', () => {
  it('is asked about again by what looks before it changes something', async () => {
    const { host, access, asked } = await lost();

    await expect(access.containers.stop('pxApp_1')).rejects.toMatchObject({ code: 'locked' });

    expect(asked()).toBe(2);
    expect((await host.containers.inspect('pxApp_1'))?.running).toBe(true);
  });

  it('keeps its weights in the same way', async () => {
    const { host, access } = await lost();

    const setting = access.balancer({ socket: SOCKET }).setWeight(aServer(), 0);

    await expect(setting).rejects.toMatchObject({ code: 'locked' });
    expect(host.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
  });

  it('is not asked about for a look', async () => {
    const { access, asked } = await lost();

    await access.containers.inspect('pxApp_1');

    expect(asked()).toBe(0);
  });
});
