import { describe, expect, it } from 'vitest';
import { rollout, type RolloutOptions } from '../../src/runner/rollout.ts';
import { badOn, playOf, watched } from '../support/at-once.ts';
import { FakeFleet } from '../support/fake-fleet.ts';
import { aHook } from '../support/hooks.ts';

const options: RolloutOptions = { force: false, onPlanned: () => undefined, confirm: async () => true };
const HOSTS = ['fe1', 'fe2', 'fe3', 'fe4', 'fe5', 'fe6'];

describe('a window', () => {
  it('has so many hosts in work at any time, and the next begins when one ends', async () => {
    const fleet = await FakeFleet.up(HOSTS);
    const play = playOf(fleet, 'v2', { window: 2 });

    const most = await watched(fleet, (onEvent) => rollout([play], options, fleet.context(onEvent)));

    expect(most).toMatchObject({ hosts: 2, ofOneHost: 1 });
    const marks = fleet.events.flatMap((event) => {
      if (event.type === 'batch-started') return [`+${event.hosts.join()}`];
      return event.type === 'host-ended' ? [`-${event.host}`] : [];
    });
    expect(marks.slice(0, 2)).toEqual(['+fe1', '+fe2']);
    for (let at = 2; at < 10; at += 2) expect(marks[at]).toMatch(/^-/);
    for (let at = 3; at < 10; at += 2) expect(marks[at]).toMatch(/^\+/);
    expect(fleet.images().every((image) => image.endsWith(' v2'))).toBe(true);
  });

  // prettier-ignore
  it.each([
    { bad: ['fe2'],        percent: 0,  end: 'stopped',    says: 'stops at the first failure' },
    { bad: ['fe2'],        percent: 50, end: 'someFailed', says: 'goes on while no more than allowed of the last hosts failed' },
    { bad: ['fe1', 'fe2'], percent: 50, end: 'stopped',    says: 'stops when all of the last hosts failed' },
    { bad: ['fe1', 'fe4'], percent: 50, end: 'someFailed', says: 'forgets what has left it' },
  ])('$says', async ({ bad, percent, end }) => {
    const fleet = await FakeFleet.up(HOSTS);
    fleet.addImage('bad', { exitsAfterMs: 100 });
    const play = badOn(playOf(fleet, 'v2', { window: 2 }, { maxFailPercentage: percent }), bad);

    const result = await rollout([play], options, fleet.context());

    expect(result.end).toBe(end);
    expect(result.hosts.filter((host) => host.end === 'failed').map(({ host }) => host)).toEqual(bad);
    if (end === 'stopped') expect(result.hosts.at(-1)?.end).toBe('notReached');
    else expect(result.hosts.every((host) => bad.includes(host.host) || host.end === 'updated')).toBe(true);
    expect(fleet.isWhole()).toBe(true);
  });

  it('is asked about once when it may fail no more, and goes on without what was accepted', async () => {
    const fleet = await FakeFleet.up(HOSTS);
    fleet.addImage('bad', { exitsAfterMs: 100 });
    fleet.operator.types('go on');
    const play = badOn(playOf(fleet, 'v2', { window: 2 }, { policy: { onFailure: 'ask' } }), ['fe1']);

    const result = await rollout([play], options, fleet.context());

    expect(result.end).toBe('someFailed');
    expect(fleet.events.filter(({ type }) => type === 'question-asked')).toHaveLength(1);
    expect(result.hosts.map(({ end }) => end)).toEqual(['failed', ...HOSTS.slice(1).map(() => 'updated')]);
  });

  it('pauses before each host that goes on when another has ended', async () => {
    const fleet = await FakeFleet.up(HOSTS.slice(0, 4));
    const play = playOf(fleet, 'v2', { window: 2 }, { policy: { pause: 60_000 } });

    await rollout([play], options, fleet.context());

    expect(fleet.events.filter(({ type }) => type === 'pause-started')).toEqual([
      { type: 'pause-started', number: 3, of: 4, ms: 60_000 },
      { type: 'pause-started', number: 4, of: 4, ms: 60_000 },
    ]);
  });

  it('tells its hosts in the order of the play, whichever ends first', async () => {
    const fleet = await FakeFleet.up(HOSTS);
    const play = playOf(fleet, 'v2', { window: 3 });

    const result = await rollout([play], options, fleet.context());

    expect(result.hosts.map(({ host }) => host)).toEqual(HOSTS);
  });

  it('is judged for the last time when its monitors have ended, though the last but one is being judged still', async () => {
    const fleet = await FakeFleet.up(['fe1', 'fe2']);
    fleet.addImage('bad', { exitsAfterMs: 30_000, answersAfterMs: 3_000 });
    fleet.commands.programs.set('smoke', { takesMs: 8_000 });
    const monitor = { forMs: 60_000, everyMs: 1_000, maxErrors: { errors: 0 }, compare: undefined };
    const play = playOf(fleet, 'v2', { window: 2 }, { each: { monitor }, policy: { onFailure: 'rollback' } });
    const hooked = { ...badOn(play, ['fe2'], ['pxApp_3']), hooks: { after_batch: [aHook()] } };

    const result = await rollout([hooked, { ...fleet.play('v2'), name: 'Next' }], options, fleet.context());

    expect(result.end).toBe('stopped');
    const told = fleet.events.flatMap((event) => {
      if (event.type === 'monitor-failed') return ['monitor-failed'];
      return event.type === 'batch-ended' ? [`${event.number} of ${event.of}: ${event.then}`] : [];
    });
    // Between the two the one instance is taken back by itself.
    expect(told.slice(0, 4)).toEqual(['1 of 2: goOn', 'monitor-failed', '1 of 1: goOn', '2 of 2: rollBack']);
    expect(fleet.images().every((image) => image.endsWith(' v1'))).toBe(true);
    expect(fleet.isWhole()).toBe(true);
  });

  it('keeps its locks for as long as a host is in work, also when asking for the next one ends in a bug', async () => {
    const fleet = await FakeFleet.up(HOSTS);
    const fe1 = await fleet.host('fe1');
    fleet.operator.types('y');
    fleet.operator.onAsk = () => {
      throw new Error('a bug');
    };
    const held: boolean[] = [];
    const context = fleet.context((event) => {
      if (event.type === 'host-ended') held.push(fe1.lock.isLive);
    });

    const failing = rollout([playOf(fleet, 'v2', { window: 2 }, { policy: { pause: 'ask' } })], options, context);

    await expect(failing).rejects.toThrow('a bug');
    expect(held).toEqual([true, true]);
    expect(fe1.lock.isFree).toBe(true);
    expect(fleet.isWhole()).toBe(true);
  });
});
