import { beforeEach, describe, expect, it } from 'vitest';
import { drainHosts, type DrainRequest } from '../../src/runner/maintenance/drain-hosts.ts';
import { planMaintenance, type MaintainRequest } from '../../src/runner/maintenance/maintain-plan.ts';
import { changed } from '../support/changed.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

const fronts = { hosts: ['fe1'], place: { socket: undefined, container: undefined } };
const policy = { timeoutMs: 10_000, onTimeout: 'fail' } as const;
const asked = { confirm: async () => true, policy };

const draining: DrainRequest = { ...fronts, ...asked, balancers: undefined, servers: [], note: '' };

const maintaining: MaintainRequest = {
  ...{ ...fronts, ...asked, balancers: ['lb1'], serial: [{ hosts: 1 }], needsRoot: false },
  work: { command: 'echo upgraded', reboot: undefined, containers: 'keep' },
  ...{ minUp: { servers: 0 }, commandWithinMs: 60_000, backWithinMs: 120_000, onFailure: 'stop' },
  onPlanned: () => undefined,
};

describe('a server that tracks another', () => {
  let fleet: FakeFleet;
  let admin: 'ready' | 'maint';

  /** pxApp_2 of both follows pxApp_1, and in lb1 it is of no host in hand. */
  beforeEach(async () => {
    fleet = await FakeFleet.up(['fe1', 'lb1']);
    admin = 'ready';
    for (const [name, address] of Object.entries({ fe1: '127.0.0.1', lb1: '10.0.0.1' })) {
      const host = await fleet.host(name);
      host.haproxy.address = address;
      const following = changed(host.haproxy, {
        backends: async (backend) =>
          (await host.haproxy.backends(backend)).map((one) => ({
            ...one,
            servers: one.servers.map((state) =>
              state.server.name === 'pxApp_2'
                ? { ...state, admin, tracks: 'pxapp_cluster/pxApp_1', ...(name === 'lb1' && { address: '10.0.0.2' }) }
                : state,
            ),
          })),
      });
      host.balancer = () => following;
    }
  });

  function problems(): string[] {
    return fleet.events.flatMap((event) => (event.type === 'problem' ? [`${event.host}: ${event.text}`] : []));
  }

  const why =
    'tracks pxapp_cluster/pxApp_1 and would be in maintenance with it, undrained: give it a check of its own, or set it to maint, or drain it, too';

  it('is not taken along in silence by a drain of that one', async () => {
    const ended = drainHosts({ ...draining, servers: ['pxApp_1'] }, fleet.context());

    await expect(ended).rejects.toMatchObject({ code: 'error' });
    expect(problems()).toEqual([`fe1: pxapp_cluster/pxApp_2 (127.0.0.1:8082) ${why}`]);
    expect(fleet.isWhole()).toBe(true);
  });

  it.each([
    { what: 'with that one', servers: ['pxApp_1', 'pxApp_2'], count: 2 },
    { what: 'by itself', servers: ['pxApp_2'], count: 1 },
  ])('is drained $what', async ({ servers, count }) => {
    const result = await drainHosts({ ...draining, servers }, fleet.context());

    expect(result).toMatchObject({ end: 'done', hosts: [{ host: 'fe1', updated: count }] });
  });

  it('is no matter where it gets no requests', async () => {
    admin = 'maint';

    const result = await drainHosts({ ...draining, servers: ['pxApp_1'] }, fleet.context());

    expect(result).toMatchObject({ end: 'done' });
  });

  it('is not taken along in silence by the maintenance of a host', async () => {
    await expect(planMaintenance(maintaining, fleet.context())).rejects.toMatchObject({ code: 'error' });

    expect(problems()).toEqual([`lb1: pxapp_cluster/pxApp_2 (10.0.0.2:8082) ${why}`]);
  });
});
