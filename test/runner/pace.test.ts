import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import { readWindow } from '../../src/rollout/freeze.ts';
import type { Policy } from '../../src/rollout/policy.ts';
import { wallTime } from '../../src/rollout/wall-clock.ts';
import { plan } from '../../src/runner/rollout.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aPlay, endsOf, eventsOf, gaps, roll, timed } from '../support/policy-story.ts';

describe('deadline', () => {
  it('sends an instance home that takes too long, and names itself', async () => {
    const fleet = await FakeFleet.up(['fe1']);
    fleet.addImage('slow', { neverAnswers: true });

    const result = await roll(fleet, [fleet.play('slow', { policy: { instanceDeadlineMs: 5_000 } })]);

    expect(result.end).toBe('someFailed');
    expect(result.hosts[0]).toMatchObject({
      end: 'failed',
      reason: 'pxApp_1: the deadline of 5s for an instance has passed',
    });
    expect(fleet.isWhole()).toBe(true);
    expect(fleet.images()).toEqual(['fe1 pxApp_1 v1', 'fe1 pxApp_2 v1', 'fe1 pxApp_3 v1']);
  });

  it('of an instance is met once the new container serves, however long its soak is', async () => {
    const fleet = await FakeFleet.up(['fe1']);

    const result = await roll(fleet, [
      fleet.play('v2', { policy: { instanceDeadlineMs: 20_000 }, each: { soakMs: 60_000 } }),
    ]);

    expect(result.end).toBe('done');
    expect(fleet.clock.now()).toBeGreaterThan(180_000);
  });

  it('of the run lets those in work finish and begins no more', async () => {
    const fleet = await FakeFleet.up();
    const policy = { runDeadlineMs: 3_000 };

    const result = await roll(fleet, [aPlay(fleet, policy)]);

    expect(result).toMatchObject({ end: 'stopped', why: "the run's deadline of 3s has passed" });
    expect(result.hosts[0]).toMatchObject({ end: 'interrupted', updated: 1, notReached: 2 });
    expect(endsOf(result)).toBe('fe1 interrupted, fe2 notReached, fe3 notReached');
    expect(eventsOf(fleet, 'halted')).toHaveLength(1);
    expect(fleet.isWhole()).toBe(true);
  });

  it('of the run ends a pause early', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    const story = timed(fleet);

    const result = await roll(fleet, [aPlay(fleet, { runDeadlineMs: 120_000, pause: 3_600_000 })], story);

    expect(endsOf(result)).toBe('fe1 updated, fe2 notReached');
    expect(fleet.clock.now()).toBeLessThan(130_000);
  });
});

describe('pause', () => {
  it('waits between batches, neither before the first nor after the last', async () => {
    const fleet = await FakeFleet.up();
    const story = timed(fleet);

    const result = await roll(fleet, [aPlay(fleet, { pause: 600_000 })], story);

    expect(result.end).toBe('done');
    expect(gaps(fleet, story.at)).toEqual([600_000, 600_000]);
    expect(eventsOf(fleet, 'pause-started').map(({ number, of }) => `${number} of ${of}`)).toEqual([
      '2 of 3',
      '3 of 3',
    ]);
  });

  it('does not wait for a batch that has nothing to do', async () => {
    const fleet = await FakeFleet.up();
    await roll(fleet, [{ ...aPlay(fleet, {}), hosts: aPlay(fleet, {}).hosts.slice(0, 2) }]);
    fleet.events.length = 0;

    await roll(fleet, [aPlay(fleet, { pause: 600_000 })]);

    expect(eventsOf(fleet, 'pause-started')).toEqual([]);
  });

  it('ends when somebody stops the run', async () => {
    const fleet = await FakeFleet.up();
    const onEvent = ({ type }: RunEvent): void => {
      if (type === 'pause-started') fleet.stop(1);
    };

    const result = await roll(fleet, [aPlay(fleet, { pause: 3_600_000 })], { onEvent });

    expect(result.end).toBe('interrupted');
    expect(endsOf(result)).toBe('fe1 updated, fe2 notReached, fe3 notReached');
    expect(fleet.clock.now()).toBeLessThan(600_000);
  });

  // prettier-ignore
  it.each<{ types: string[]; ends: string; gaps: number[]; asked: number }>([
    { types: ['y', 'y'],      ends: 'fe1 updated, fe2 updated, fe3 updated',       gaps: [0, 0],             asked: 2 },
    { types: ['y', 'n'],      ends: 'fe1 updated, fe2 updated, fe3 notReached',    gaps: [0],                asked: 2 },
    { types: ['n'],           ends: 'fe1 updated, fe2 notReached, fe3 notReached', gaps: [],                 asked: 1 },
    { types: ['all'],         ends: 'fe1 updated, fe2 updated, fe3 updated',       gaps: [0, 0],             asked: 1 },
    { types: ['10m'],         ends: 'fe1 updated, fe2 updated, fe3 updated',       gaps: [600_000, 600_000], asked: 1 },
    { types: ['y', '5s'],     ends: 'fe1 updated, fe2 updated, fe3 updated',       gaps: [0, 5_000],         asked: 2 },
    { types: ['later', 'y'],  ends: 'fe1 updated, fe2 updated, fe3 notReached',    gaps: [0],                asked: 3 },
  ])('ask, answered with $types: $ends', async ({ types, ends, asked, gaps: waits }) => {
    const fleet = await FakeFleet.up();
    const story = timed(fleet);
    fleet.operator.types(...types);

    const result = await roll(fleet, [aPlay(fleet, { pause: 'ask' })], story);

    expect(endsOf(result)).toBe(ends);
    expect(gaps(fleet, story.at)).toEqual(waits);
    expect(fleet.operator.asked).toHaveLength(asked);
    expect(result.end).toBe(ends.includes('notReached') ? 'stopped' : 'done');
  });

  it('ask needs somebody to ask, which is known before anything is touched', async () => {
    const fleet = await FakeFleet.up();

    await expect(roll(fleet, [aPlay(fleet, { pause: 'ask' })])).rejects.toMatchObject({ code: 'config' });
    expect(fleet.events).toEqual([]);
  });
});

/** The virtual clock stands at Saturday 2026-11-21 09:00 UTC when a fleet is begun. */
describe('freeze and --not-after', () => {
  const freezeOf = (text: string): Policy['freeze'] => {
    const window = readWindow(text);
    return window && { windows: [window], timezone: 'UTC' };
  };

  it('starts nothing in a freeze, and says until when it holds', async () => {
    const fleet = await FakeFleet.up();

    await expect(roll(fleet, [aPlay(fleet, { freeze: freezeOf('Fri 16:00 - Mon 08:00') })])).rejects.toMatchObject({
      code: 'error',
      message:
        'Cannot start: the freeze "Fri 16:00 - Mon 08:00" holds until Mon 2026-11-23 08:00 (UTC) (--ignore-freeze starts all the same); nothing was touched',
    });
    expect(fleet.events).toEqual([]);
  });

  it('is warned of by a plan, once', async () => {
    const fleet = await FakeFleet.up();
    const frozen = aPlay(fleet, { freeze: freezeOf('Fri 16:00 - Mon 08:00') });

    await plan([frozen, frozen, aPlay(fleet, { freeze: freezeOf('Mon 09:00 - Mon 10:00') })], false, fleet.context());

    expect(fleet.events.filter(({ type }) => type === 'warning')).toEqual([
      {
        ...{ type: 'warning', host: '' },
        text: 'A rollout does not start now: the freeze "Fri 16:00 - Mon 08:00" holds until Mon 2026-11-23 08:00 (UTC) (--ignore-freeze)',
      },
    ]);
  });

  it('starts all the same when the freeze is to be ignored', async () => {
    const fleet = await FakeFleet.up();
    const play = aPlay(fleet, { freeze: freezeOf('Fri 16:00 - Mon 08:00') });

    expect((await roll(fleet, [play], { pace: { ignoreFreeze: true } })).end).toBe('done');
  });

  it('begins no batch in a freeze', async () => {
    const fleet = await FakeFleet.up();
    const play = aPlay(fleet, { freeze: freezeOf('Sat 10:00 - Sat 12:00'), pause: 3_600_000 });

    const result = await roll(fleet, [play]);

    expect(endsOf(result)).toBe('fe1 updated, fe2 notReached, fe3 notReached');
    expect(result).toMatchObject({
      end: 'stopped',
      why: 'the freeze "Sat 10:00 - Sat 12:00" holds until Sat 2026-11-21 12:00 (UTC)',
    });
  });

  it('begins no instance after --not-after', async () => {
    const fleet = await FakeFleet.up();
    const inThreeSeconds = wallTime(new Date(fleet.clock.date().getTime() + 3_000), undefined);

    const result = await roll(fleet, [aPlay(fleet, {})], {
      pace: { notAfter: { wall: inThreeSeconds, written: '09:00' } },
    });

    expect(result.end).toBe('stopped');
    expect(result.why).toMatch(/^it is past .* \(--not-after\)$/);
    expect(result.hosts[0]?.updated).toBeGreaterThan(0);
    expect(endsOf(result)).toBe('fe1 interrupted, fe2 notReached, fe3 notReached');
    expect(fleet.isWhole()).toBe(true);
  });
});
