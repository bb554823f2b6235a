import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { aServer } from '../support/builders.ts';
import { FakeFleet, type FakeHost } from '../support/fake-fleet.ts';

const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

/** From now on its HAProxy answers nothing. */
function silence({ name, haproxy }: FakeHost): void {
  const silent = (): Promise<never> =>
    Promise.reject(new Failure('unreachable', `Cannot reach HAProxy on ${name}: connection lost`));
  const calls = { facts: silent, backends: silent, look: silent, oldWorkers: silent };
  Object.assign(haproxy, { ...calls, setWeight: silent, setAdmin: silent, setReadyWhenProven: silent });
}

describe('a container behind the HAProxys of two hosts', () => {
  it('is back in service at the one when the other has died meanwhile', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const [fe1, fe2] = [await fleet.host('fe1'), await fleet.host('fe2')];
    fleet.addImage('bad', { exitsAfterMs: 100 });
    const play = fleet.play('bad');
    const servers = [aServer('pxApp_1', 'fe2'), aServer('pxApp_1', 'fe1')];
    const instances = play.hosts[0]?.instances.slice(0, 1).map((one) => ({ ...one, servers })) ?? [];

    const result = await rollout(
      [{ ...play, hosts: [{ host: 'fe1', instances }] }],
      options,
      fleet.context((event) => {
        if (event.type === 'step-started' && event.step === 'rollBack') silence(fe2);
      }),
    );

    expect(result).toMatchObject({ end: 'outOfService', hosts: [{ host: 'fe1', end: 'outOfService' }] });
    expect(fe1.containers.imageOf('pxApp_1')).toContain(':v1');
    expect(fe1.haproxy.weights()['pxApp_1']).toBe('10 ready UP');
    expect(fe1.entries.map(({ server }) => server.balancer.host)).toEqual(['fe2', 'fe1']);
  });
});
