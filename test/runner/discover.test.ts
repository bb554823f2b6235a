import { describe, expect, it } from 'vitest';
import { serverPath, TO_BE_FOUND } from '../../src/rollout/model.ts';
import { instancesOf, type PlayPlan } from '../../src/rollout/plan.ts';
import type { Play } from '../../src/rollout/play.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { aServer } from '../support/builders.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

/** The play, with the names of all servers to be found; the containers publish the ports from this one on. */
function nameless(fleet: FakeFleet, firstPort: number): Play {
  const play = fleet.play('v2');
  return {
    ...play,
    hosts: play.hosts.map(({ host, instances }) => ({
      host,
      instances: instances.map((one, index) => ({
        ...one,
        servers: [aServer(TO_BE_FOUND, host)],
        spec: {
          ...one.spec,
          ports: [{ hostIp: '127.0.0.1', hostPort: firstPort + index, containerPort: 8080, protocol: 'tcp' as const }],
        },
      })),
    })),
  };
}

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

describe('server: discover', () => {
  it('finds the servers by their address: plan, drain and record have their names', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const plans: PlayPlan[] = [];
    const recorded: string[] = [];
    const context = fleet.context((event) => {
      const [entry] = fleet.hosts.get('fe1')?.entries ?? [];
      if (event.type === 'step-started' && event.step === 'replace')
        recorded.push(entry ? serverPath(entry.server) : '');
    });

    const result = await rollout(
      [nameless(fleet, 8081)],
      { ...options, onPlanned: (all) => plans.push(...all) },
      context,
    );

    const names = ['pxApp_1', 'pxApp_2', 'pxApp_3'].map((name) => `pxapp_cluster/${name}`);
    expect(
      plans.flatMap(instancesOf).flatMap(({ servers }) => servers.map(({ server }) => serverPath(server))),
    ).toEqual(names);
    expect(recorded).toEqual(names);
    expect(result.end).toBe('done');
    expect(fleet.failures()).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.images()).toEqual(['fe1 pxApp_1 v2', 'fe1 pxApp_2 v2', 'fe1 pxApp_3 v2']);
  });

  it('is refused before anything is touched where none is found', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const refused = rollout([nameless(fleet, 9081)], options, fleet.context());

    await expect(refused).rejects.toMatchObject({ code: 'error' });
    const problems = fleet.events.filter((event) => event.type === 'problem');
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatchObject({
      host: 'fe1',
      text: 'Cannot find the server of pxApp_1 on fe1 in backend pxapp_cluster of HAProxy on fe1 (/var/run/haproxy.sock): none goes to 127.0.0.1:9081; it has pxApp_1 (127.0.0.1:8081), pxApp_2 (127.0.0.1:8082), pxApp_3 (127.0.0.1:8083)',
    });
    expect(fleet.isWhole()).toBe(true);
  });

  it('is put back by recover after the controller has died, by the names in the record', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const context = fleet.context((event) => {
      if (event.type === 'step-started' && event.step === 'check') fleet.stop(3);
    });
    await rollout([nameless(fleet, 8081)], options, context);
    expect(fleet.hosts.get('fe1')?.entries.map(({ server }) => server.name)).toEqual(['pxApp_1']);

    const again = await FakeFleet.up([]);
    const recovered = await recoverHosts({ hosts: ['fe1'] }, { ...fleet.context(), stop: again.context().stop });

    expect(recovered.end).toBe('done');
    expect(fleet.isWhole()).toBe(true);
  });
});
