import { describe, expect, it } from 'vitest';
import type { Play } from '../../src/rollout/play.ts';
import { recoverHosts } from '../../src/runner/recovery/recover-hosts.ts';
import { rollout } from '../../src/runner/rollout.ts';
import { badOn } from '../support/at-once.ts';
import type { FakeFleet } from '../support/fake-fleet.ts';
import { MortalFleet, type Death } from '../support/mortal-fleet.ts';
import { allOn, diedAt, otherFailures, recreating, toGo, type Died } from '../support/recreated-host.ts';
import { resumptionFrom } from '../support/resumption.ts';

const never = new AbortController().signal;

/** Every one of them on one version, which no other has run beside, and nothing left to undo. */
async function expectWhole({ fleet, seen }: Died, tags: readonly string[], where: object): Promise<void> {
  const fe1 = await fleet.host('fe1');
  const failures = otherFailures(fleet);
  expect({ ...where, failures, entries: fe1.entries }).toEqual({ ...where, failures: [], entries: [] });
  expect(tags.map(allOn), JSON.stringify(where)).toContainEqual(fleet.images());
  expect({ ...where, mixed: seen.filter((tags) => / .*v1|v1 /.test(tags)) }).toEqual({ ...where, mixed: [] });
  expect({ ...where, isWhole: fleet.isWhole() }).toEqual({ ...where, isWhole: true });
}

/** A run dies just before one of its changes, or just after it: either of each in turn. */
function deathOf(at: number): Death {
  return { at, when: at % 2 === 0 ? 'before' : 'after' };
}

const badSecond = (fleet: FakeFleet): Play => badOn(recreating(fleet), ['fe1'], ['pxApp_2']);

describe('a run with strategy: recreate-host that was killed at any of its changes', () => {
  it('is recovered to the old versions until it was committed, and from then on to the new ones', async () => {
    const ended: string[] = [];
    for (let at = 0; ; at += 1) {
      const died = await diedAt(deathOf(at));
      if (died.change === undefined) break;

      const result = await recoverHosts({ hosts: ['fe1'] }, died.fleet.context());

      expect({ at, end: result.end, reason: result.hosts[0]?.reason }).toEqual({ at, end: 'done', reason: '' });
      await expectWhole(died, ['v1', 'v2'], { at, change: died.change });
      ended.push(died.fleet.images()[0]?.split(' ').at(-1) ?? '');
    }
    expect(ended.length).toBeGreaterThan(30);
    expect(ended).toEqual(ended.toSorted());
    expect(new Set(ended)).toEqual(new Set(['v1', 'v2']));
  });

  it('is gone on with, to the new versions', async () => {
    for (let at = 0; ; at += 1) {
      const died = await diedAt(deathOf(at));
      if (died.change === undefined) break;

      const resumption = resumptionFrom(died.events);
      const result = await rollout([recreating(died.fleet)], { ...toGo, resumption }, died.fleet.context());

      const { end, hosts } = result;
      expect({ at, change: died.change, end, reason: hosts[0]?.reason }).toMatchObject({ end: 'done', reason: '' });
      await expectWhole(died, ['v2'], { at, change: died.change });
    }
  });

  it.each([
    { skipFailed: false, says: 'goes home when it is gone on with, and one of the new ones is bad' },
    { skipFailed: true, says: 'goes home also when what has failed is not tried again' },
  ])('$says', async ({ skipFailed }) => {
    for (let at = 0; ; at += 3) {
      const died = await diedAt(deathOf(at), badSecond);
      if (died.change === undefined) break;

      const resumption = resumptionFrom(died.events, skipFailed);
      await rollout([badSecond(died.fleet)], { ...toGo, resumption }, died.fleet.context());

      await expectWhole(died, ['v1'], { at, change: died.change });
    }
  });

  it.each([8, 20, 29, 44])('is recovered also when who does so is killed, after change %i', async (at) => {
    for (let second = 0; ; second += 3) {
      const died = await diedAt(deathOf(at));
      const { fleet } = died;
      const mortal = new MortalFleet(fleet, deathOf(second));
      const dying = recoverHosts({ hosts: ['fe1'] }, mortal.context(fleet.context()));
      const change = await Promise.race([mortal.death, dying.then(() => undefined)]);
      if (change === undefined) break;
      await fleet.clock.sleep(1_000, never);

      const result = await recoverHosts({ hosts: ['fe1'] }, fleet.context());

      expect({ second, end: result.end, reason: result.hosts[0]?.reason }).toEqual({
        second,
        end: 'done',
        reason: '',
      });
      await expectWhole(died, ['v1', 'v2'], { second, change });
    }
  });
});
