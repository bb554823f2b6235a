import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { badOn } from '../support/at-once.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { allOn, otherFailures, recreating, toGo } from '../support/recreated-host.ts';
import { stepsOf } from '../support/steps.ts';
import { versionsSeen } from '../support/versions.ts';

/** The steps of all instances of fe1 in the order in which they ended, as `drain 1`. */
function courseOf(fleet: FakeFleet): string {
  const words = fleet.events.flatMap((event: RunEvent) => {
    if (event.type !== 'step-ended' && event.type !== 'step-failed') return [];
    return [`${event.step}${event.type === 'step-failed' ? '!' : ''}`];
  });
  return words.filter((word, index) => word !== words[index - 1]).join(' ');
}

describe('a rollout with strategy: recreate-host', () => {
  it('takes all instances of a host through each step together, and never runs two versions', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    const seen = versionsSeen(fleet);

    const result = await rollout([recreating(fleet)], toGo, fleet.context());

    expect(result).toMatchObject({ end: 'done', hosts: [{ end: 'updated', updated: 3 }] });
    expect(courseOf(fleet)).toBe('drain stop start check restore soak commit retire');
    expect(stepsOf(fleet, 'fe1', 'pxApp_2')).toBe('drain stop start check restore soak commit retire → updated');
    expect(seen).toEqual(['v1', 'v2']);
    expect(fleet.images()).toEqual(allOn('v2'));
    expect(fleet.isWhole()).toBe(true);
    expect(otherFailures(fleet)).toEqual([]);
  });

  it('goes from host to host', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const play: Play = { ...recreating(fleet), serial: [{ hosts: 1 }] };

    const result = await rollout([play], toGo, fleet.context());

    expect(result).toMatchObject({ end: 'done', hosts: [{ updated: 3 }, { updated: 3 }] });
    const ended = fleet.events.flatMap((event) => (event.type === 'instance-ended' ? [event.subject.host] : []));
    expect(ended).toEqual([...Array<string>(3).fill('fe1'), ...Array<string>(3).fill('fe2')]);
  });

  it.each([
    { bad: { exitsAfterMs: 100 }, fails: 'check' },
    { bad: { neverAnswers: true }, fails: 'check' },
    { bad: { exitsAfterMs: 4_000 }, fails: 'soak' },
  ])('brings all old ones back when one of the new ones is bad: $bad', async ({ bad, fails }) => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.addImage('bad', bad);
    const seen = versionsSeen(fleet);

    const play = badOn(recreating(fleet, 'v2', { soakMs: 6_000 }), ['fe1'], ['pxApp_2']);
    const result = await rollout([play], toGo, fleet.context());

    expect(result).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed', unchanged: 3, updated: 0 }] });
    expect(result.hosts[0]?.reason).toMatch(/^pxApp_2 on fe1 /);
    expect(stepsOf(fleet, 'fe1', 'pxApp_2')).toContain(`${fails}! `);
    expect(seen.filter((tags) => tags.includes('v1') && tags !== 'v1')).toEqual([]);
    expect(fleet.images()).toEqual(allOn('v1'));
    expect(fleet.isWhole()).toBe(true);
    expect(otherFailures(fleet)).toEqual([]);
  });
});
