import { expect, it } from 'vitest';
import { plan } from '../../src/runner/rollout.ts';
import { FakeFleet, IMAGE } from '../support/fake-fleet.ts';

it('times that hardly go together are said once, not for each host and container', async () => {
  const fleet = await FakeFleet.up();
  const each = { spec: { image: `${IMAGE}:v2`, pullPolicy: 'always' as const, stopGraceMs: 600_000 } };

  await plan([fleet.play('v2', { each })], false, fleet.context());

  const warnings = fleet.events.filter(({ type }) => type === 'warning');
  expect(warnings).toEqual([
    {
      ...{ type: 'warning', host: '' },
      text: expect.stringMatching(
        /^pxApp_1 \(and 2 more\) has stop_grace_period 10m .* drain\.timeout gives requests only /,
      ) as unknown,
    },
  ]);
});
