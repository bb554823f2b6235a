import { describe, expect, it } from 'vitest';
import { plan, rollout } from '../../src/runner/rollout.ts';
import { changed } from '../support/changed.ts';
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

describe("times that hardly go with the image's own healthcheck are told once,", () => {
  const text =
    /^pxApp_1 \(and 2 more\) is given up after ready\.within 10s, and its healthcheck allows it 16s to start/;

  async function fleetWithSlow(): Promise<FakeFleet> {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const image = fleet.registry.get(`${IMAGE}:v2`);
    if (!image) throw new Error('there is a v2');
    fleet.registry.set(`${IMAGE}:v2`, { ...image, healthcheck: { intervalMs: 2_000, startPeriodMs: 10_000 } });
    return fleet;
  }

  function told(fleet: FakeFleet): readonly string[] {
    return fleet.events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
  }

  const options = { force: false, onPlanned: () => undefined, confirm: async () => true };

  it('by the plan when the image is on the hosts already', async () => {
    const fleet = await fleetWithSlow();
    for (const host of fleet.hosts.values()) await host.containers.pull({ reference: `${IMAGE}:v2` });
    const each = { spec: { image: `${IMAGE}:v2`, pullPolicy: 'missing' as const } };

    const { end } = await rollout([fleet.play('v2', { each })], options, fleet.context());

    const types = fleet.events.map(({ type }) => type);
    expect({ end, told: told(fleet) }).toEqual({ end: 'done', told: [expect.stringMatching(text)] });
    expect(types.indexOf('warning')).toBeLessThan(types.indexOf('planned'));
  });

  it('else once it is there, before the first server is touched', async () => {
    const fleet = await fleetWithSlow();

    const { end } = await rollout([fleet.play('v2')], options, fleet.context());

    const types = fleet.events.map(({ type }) => type);
    expect({ end, told: told(fleet) }).toEqual({ end: 'done', told: [expect.stringMatching(text)] });
    expect(types.indexOf('warning')).toBeGreaterThan(types.lastIndexOf('image-pulled'));
    expect(types.indexOf('warning')).toBeLessThan(types.indexOf('step-started'));
  });

  it('but not when a container keeps times of its own', async () => {
    const fleet = await fleetWithSlow();
    const ownHealthcheck = { startPeriodMs: 100 };
    const odd = changed(fleet, {
      host: async (name) => {
        const host = await fleet.host(name);
        const { containers } = host;
        const inspect: typeof containers.inspect = async (one) => {
          const container = await containers.inspect(one);
          return container && { ...container, ownHealthcheck };
        };
        return changed(host, { containers: changed(containers, { inspect }) });
      },
    });

    await rollout([fleet.play('v2')], options, { ...fleet.context(), fleet: odd });

    expect(told(fleet)).toEqual([]);
  });
});
