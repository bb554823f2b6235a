import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { badOn } from '../support/at-once.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { allOn, otherFailures, recreating, toGo } from '../support/recreated-host.ts';
import { versionsSeen } from '../support/versions.ts';

const monitor = { forMs: 30_000, everyMs: 1_000, maxErrors: { percent: 100 }, compare: undefined };

/** The second new container falls over while it is watched in service. */
async function fallenLater(onEvent: (event: RunEvent, fleet: FakeFleet) => void) {
  const fleet = await FakeFleet.up(['fe1']);
  fleet.addImage('bad', { exitsAfterMs: 12_000 });
  const seen = versionsSeen(fleet);
  const play = badOn(recreating(fleet, 'v2', { monitor }), ['fe1'], ['pxApp_2']);
  const context = fleet.context((event) => {
    onEvent(event, fleet);
  });
  return { fleet, seen, result: await rollout([play], toGo, context) };
}

describe('a host that was recreated, of which one container does not serve well', () => {
  it('is taken back as a whole', async () => {
    const { fleet, seen, result } = await fallenLater(() => undefined);

    expect(result.hosts).toMatchObject([{ end: 'failed', updated: 0, unchanged: 3 }]);
    expect(result.hosts[0]?.reason).toMatch(/^pxApp_2 on fe1 .* does not serve well/);
    expect(fleet.images()).toEqual(allOn('v1'));
    expect(seen.filter((tags) => tags.includes('v1') && tags !== 'v1')).toEqual([]);
    expect(fleet.isWhole()).toBe(true);
    const watched = fleet.events.flatMap((event) => (event.type === 'monitor-ended' ? [event.outcome] : []));
    expect(watched).toEqual([
      expect.stringMatching(/pxApp_2 is taken back$/),
      expect.stringMatching(/pxApp_2 is taken back$/),
    ]);
  });

  it('stays as it is as a whole where one of them cannot be taken back', async () => {
    const { fleet, seen, result } = await fallenLater((event, { hosts }) => {
      if (event.type !== 'monitor-failed') return;
      const fe1 = hosts.get('fe1');
      if (fe1) fe1.archive.load = async () => undefined;
    });

    expect(result.hosts).toMatchObject([{ end: 'failed', updated: 3 }]);
    expect(fleet.images()).toEqual(['fe1 pxApp_1 v2', 'fe1 pxApp_2 bad', 'fe1 pxApp_3 v2']);
    expect(seen.filter((tags) => tags.includes('v1') && tags !== 'v1')).toEqual([]);
    expect(otherFailures(fleet).filter((text) => !text.includes('pxApp_2'))).toEqual([]);
  });
});
