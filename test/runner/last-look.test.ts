import { expect, it } from 'vitest';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

it('a reload in the very last moment of a step is told', async () => {
  const fleet = await FakeFleet.up(['fe1']);
  const fe1 = await fleet.host('fe1');
  const { haproxy, containers } = fe1;
  const probe = fe1.probe.bind(fe1);
  let isReloaded = false;
  fe1.probe = async (asked) => {
    const result = await probe(asked);
    if (result.ok && !isReloaded && containers.imageOf('pxApp_1')?.endsWith(':v2')) {
      isReloaded = true;
      haproxy.reload();
    }
    return result;
  };
  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

  const result = await rollout([fleet.play('v2')], options, fleet.context());

  expect(result.end).toBe('done');
  expect(fleet.events.flatMap((event) => (event.type === 'remark' ? [event.remark.about] : []))).toEqual([
    'balancer-reloaded',
  ]);
  expect(fleet.failures()).toEqual([]);
  expect(fleet.isWhole()).toBe(true);
});
