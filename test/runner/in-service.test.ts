import { expect, it } from 'vitest';
import { rollout } from '../../src/runner/rollout.ts';
import { FakeFleet } from '../support/fake-fleet.ts';

it.each([
  { says: 'nothing', healthOutput: '', details: [] },
  { says: 'two lines', healthOutput: 'refused\ntwice', details: ['healthcheck: refused', 'healthcheck: twice'] },
])('of a container that turns unhealthy in service what its healthcheck says is told: $says', async (story) => {
  const { healthOutput, details } = story;
  const fleet = await FakeFleet.up(['fe1']);
  const { containers } = await fleet.host('fe1');
  const inspect = containers.inspect.bind(containers);
  let isSick = false;
  containers.inspect = async (name) => {
    const container = await inspect(name);
    return container && isSick ? { ...container, health: 'unhealthy', healthOutput } : container;
  };
  const context = fleet.context((event) => {
    if (event.type === 'step-started') isSick = event.step === 'soak';
  });

  await rollout(
    [fleet.play('v2', { each: { soakMs: 5_000 } })],
    { force: false, onPlanned: () => undefined, confirm: async () => true },
    context,
  );

  const failed = fleet.events.find((event) => event.type === 'step-failed');
  expect(failed).toMatchObject({ step: 'soak', details });
});
