import { describe, expect, it } from 'vitest';
import { frontsOf } from '../../src/runner/preflight/in-front.ts';
import type { HostAccess, LoadBalancer } from '../../src/runner/ports/ports.ts';
import { aBackend, aServerState } from '../support/builders.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const place = { socket: '/run/haproxy.sock', container: undefined };

/** A fleet in which the HAProxys of these hosts have a server at each of these addresses. */
async function fleetWith(addresses: Readonly<Record<string, readonly string[]>>) {
  const fleet = await FakeFleet.up(['fe1', ...Object.keys(addresses)]);
  const access = async (name: string): Promise<HostAccess> => {
    const host = await fleet.host(name);
    const at = addresses[name];
    if (!at) return host;
    const servers = at.map((address, index) => {
      const server = { balancer: { host: name, socket: place.socket }, backend: 'b', name: `s${index + 1}` };
      return aServerState({ server, address });
    });
    const balancer: LoadBalancer = changed(host.haproxy, { backends: async () => [aBackend(servers)] });
    return changed<HostAccess>(host, { balancer: () => balancer });
  };
  return { host: await access('fe1'), access };
}

describe('frontsOf()', () => {
  it("is the host's own balancer with all of its servers, wherever they send requests", async () => {
    const { host, access } = await fleetWith({});

    const fronts = await frontsOf(host, { place, balancers: undefined }, access);

    expect(fronts.map(({ balancer, servers }) => [balancer.host, servers.length])).toEqual([['fe1', 3]]);
  });

  it('is every central balancer with the servers at an address of the host', async () => {
    const { host, access } = await fleetWith({ lb1: ['10.0.0.1', '10.0.0.2'], lb2: ['10.0.0.3', '10.0.0.1'] });

    const fronts = await frontsOf(host, { place, balancers: ['lb1', 'lb2'] }, access);

    const told = fronts.map(({ servers }) => servers.map(({ server }) => `${server.balancer.host} ${server.name}`));
    expect(told).toEqual([['lb1 s1'], ['lb2 s2']]);
  });

  it('is no central balancer that has none of them: it may be the wrong one, or know the host by another address', async () => {
    const { host, access } = await fleetWith({ lb1: ['10.0.0.1'], lb2: ['10.0.0.2'] });

    await expect(frontsOf(host, { place, balancers: ['lb1', 'lb2'] }, access)).rejects.toThrow(
      'Cannot find the servers of fe1: HAProxy on lb2 has no server at an address of fe1 (10.0.0.1)',
    );
  });
});
