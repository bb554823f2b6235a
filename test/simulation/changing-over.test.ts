import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/rollout/events.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import { withNew } from './further.ts';
import { KeptWorld, keptStory, withEach } from './kept-story.ts';
import type { Scenario } from './scenario.ts';
import type { Controller } from './world/controller.ts';
import type { HostSetting } from './world/host.ts';

const rollout = { command: 'rollout', by: 0 } as const;

/** The play with these containers alone. */
function withOnly(play: Play, name: string): Play {
  const hosts = play.hosts.map((host) => {
    return { ...host, instances: host.instances.filter(({ container }) => container === name) };
  });
  return { ...play, name, hosts };
}

function restarting(play: Play): Play {
  const restart = { strategy: 'restart', slots: undefined, switching: undefined, minUp: { servers: 0 } } as const;
  return withEach({ ...play, name: 'later' }, () => restart);
}

describe('a host that changes over', () => {
  it('is watched until its old containers are kept: they serve again where a new one has ended', async () => {
    const story = keptStory(600_000, 'pair-by-pair');
    const told = await KeptWorld.of({
      ...story,
      world: { ...story.world, hosts: story.world.hosts.map((host) => ({ ...host, floor: 1 })) },
    });
    let hasCrashed = false;
    const meanwhile = ({ events }: Controller): void => {
      const isReleased = events.some(
        (one) => one.type === 'step-ended' && one.step === 'release' && one.subject.name === 'pxApp_1',
      );
      const isBeside = events.some(
        (one) => one.type === 'step-started' && one.step === 'soak' && one.subject.name === 'pxApp_2',
      );
      if (hasCrashed || !isReleased || !isBeside) return;
      hasCrashed = true;
      told.crash('fe1', 'pxApp_1');
    };

    const { outcome } = await told.play(rollout, { meanwhile });

    expect(hasCrashed).toBe(true);
    expect(outcome).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed', unchanged: 2 }] });
    expect(told.noted('fe1')).toEqual([]);
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
  });

  it('waits for its turn for as long as that takes: a deadline is for what an instance does itself', async () => {
    const story = keptStory(600_000, 'pair-by-pair');
    const policy = { ...defaultPolicy, instanceDeadlineMs: 6_000 };
    const told = await KeptWorld.of({
      ...story,
      ...{ play: { ...story.play, soakMs: 8_000 }, world: { ...story.world, policy } },
    });

    const { outcome } = await told.play(rollout);

    expect(outcome).toMatchObject({ end: 'done', hosts: [{ end: 'updated', updated: 2 }] });
  });

  it('leaves as many old containers behind as keep says, once what is kept ends', async () => {
    const told = await KeptWorld.of(keptStory(600_000));
    await told.play(rollout, { play: (play) => withEach(play, () => ({ keep: 1 })) });

    const { outcome } = await told.play({ command: 'retire', by: 1 });

    expect(outcome).toMatchObject({ end: 'done' });
    const names = told.containers('fe1').map((one) => one.replace(/-[0-9-]+/, ''));
    expect(names.toSorted()).toEqual([
      ...['pxApp_1 running v2', 'pxApp_1.replaced exited v1'],
      ...['pxApp_2 running v2', 'pxApp_2.replaced exited v1'],
    ]);
  });

  it('is not begun by two plays that keep beside one another', async () => {
    const told = await KeptWorld.of(keptStory(600_000));
    const plays = { play: (it: Play) => withOnly(it, 'pxApp_1'), further: (it: Play) => [withOnly(it, 'pxApp_2')] };

    const { outcome, said } = await told.play(rollout, plays);

    const why = '"pxApp_1" keeps the old pxApp_1 for 10m, and this one others: put them into one play, or say keep: 0s';
    expect(outcome).toBeInstanceOf(Error);
    expect(said).toContainEqual(expect.stringContaining(`Cannot play "pxApp_2" on fe1: ${why}`));
    expect(told.noted('fe1')).toEqual([]);
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
  });

  it('foretells that a later play is refused which restarts what is kept', async () => {
    const told = await KeptWorld.of(keptStory(600_000));

    const { said } = await told.play(rollout, { further: (play) => [restarting(play)] });

    expect(said[0]).toContain(
      'keeps the old pxApp_1, pxApp_2 for 10m on fe1, and "later", which changes them, is refused',
    );
  });

  it('is left alone by a later play that has it as it is then', async () => {
    const told = await KeptWorld.of(keptStory(600_000));

    const { outcome } = await told.play(rollout, { further: (play) => [{ ...play, name: 'again' }] });

    expect(outcome).toMatchObject({ end: 'done', hosts: [{ end: 'updated' }, { left: 2 }] });
  });
});

describe('a forced run that died at its second host, and is gone on with', () => {
  /** Its last words about the first host may be lost with it. */
  async function diesAtSecond(scenario: Scenario, told: 'is told' | 'is not told'): Promise<KeptWorld> {
    const hosts = scenario.world.hosts.flatMap((host) => [host, { ...host, name: 'fe2' }]);
    const world = await KeptWorld.of({ ...scenario, world: { ...scenario.world, hosts } });
    const meanwhile = (controller: Controller): void => {
      const { events, journal } = controller;
      const isAtSecond = events.some((one) => one.type === 'step-started' && one.subject.host === 'fe2');
      if (!controller.isAlive || !isAtSecond) return;
      // The rest is lost.
      const ended = events.findIndex((one) => one.type === 'instance-ended');
      journal.kept = told === 'is told' ? events.length : ended;
      journal.isBroken = true;
      controller.kill('by hand');
    };
    await world.play({ ...rollout, isForced: true }, { meanwhile });
    await world.pass(60_000);
    return world;
  }

  it.each(['is told', 'is not told'] as const)('leaves what the first host keeps, when that %s', async (told) => {
    const world = await diesAtSecond(keptStory(600_000), told);
    const first = { noted: world.noted('fe1'), containers: world.containers('fe1') };

    const { outcome, said } = await world.play({ command: 'resume', by: 1, isForced: true });

    expect(said.filter((one) => one.includes('kept until'))).toEqual([]);
    expect(outcome).toMatchObject({ end: 'done' });
    expect({ noted: world.noted('fe1'), containers: world.containers('fe1') }).toEqual(first);
    expect(world.noted('fe2')).toHaveLength(4);
    expect(world.violations()).toEqual([]);
  });

  it('replaces nothing twice that has gone to its other slot', async () => {
    const { play, ...story } = keptStory(0);
    const world = await diesAtSecond({ ...story, play: { ...play, strategy: 'start-first' } }, 'is told');
    const first = world.ids('fe1');

    const { outcome } = await world.play({ command: 'resume', by: 1, isForced: true });

    expect(outcome).toMatchObject({ end: 'done' });
    expect(world.ids('fe1')).toEqual(first);
    expect(world.violations()).toEqual([]);
  });
});

describe('a switch back', () => {
  it.each(['lostAfter', 'lostBefore'] as const)('that cannot be noted leaves all kept, noted %s', async (how) => {
    const story = keptStory(600_000);
    const faults = [{ kind: 'call', by: 1, on: 'change', nth: 0, how, ms: 0 }] as const;
    const told = await KeptWorld.of(story);
    await told.play(rollout);
    const kept = told.noted('fe1');

    const { outcome } = await told.play({ command: 'switch-back', by: 1 }, { faults });

    expect(outcome).toMatchObject({ hosts: [{ end: 'failed', unchanged: 2 }] });
    expect(told.noted('fe1')).toEqual(kept);
    expect(told.noted('fe1')[0]).toMatch(/^kept /);
    expect(await told.play({ command: 'switch-back', by: 2 })).toMatchObject({ outcome: { end: 'done' } });
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
  });
});

describe('a run that takes back what it keeps', () => {
  /** The second host fails, and what the first has kept is gone by then, as far as it says. */
  async function goneWhenTakenBack(
    change: (host: HostSetting) => HostSetting = (host) => host,
  ): Promise<{ told: KeptWorld; events: readonly RunEvent[] }> {
    const story = keptStory(600_000);
    const [fe1] = story.world.hosts;
    if (!fe1) throw new Error('there is no host');
    const policy = { ...defaultPolicy, onFailure: 'rollback' } as const;
    const hosts = [change(fe1), { ...fe1, name: 'fe2' }];
    const told = await KeptWorld.of({ ...story, world: { ...story.world, hosts, policy } });
    let heard: readonly RunEvent[] = [];
    let isBroken = false;
    const meanwhile = ({ events }: Controller): void => {
      heard = events;
      const isChecked = events.some(
        (one) => one.type === 'step-ended' && one.step === 'check' && one.subject.host === 'fe2',
      );
      if (isBroken || !isChecked) return;
      isBroken = true;
      told.crash('fe2', 'pxApp_1');
      const { engine } = told.world.host('fe1');
      const aside = engine.containers.find(({ name }) => name.startsWith('pxApp_1.replaced'));
      if (!aside) throw new Error('nothing is kept on fe1');
      told.crash('fe1', aside.name);
      engine.remove(aside.name);
    };
    await told.play(rollout, { meanwhile });
    return { told, events: heard };
  }

  it('has begun with none of them where one is gone', async () => {
    const { told, events } = await goneWhenTakenBack();

    const back = events.filter((one) => one.type === 'instance-started' && one.isRevert);
    expect(back).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'rollback-started', hosts: ['fe1'] }));
    expect(told.containers('fe1').filter((one) => one.endsWith('running v2'))).toHaveLength(2);
  });

  it('leaves what it has created where the switch back of the others has failed', async () => {
    const { told, events } = await goneWhenTakenBack(withNew);

    expect(events.filter((one) => one.type === 'instance-started' && one.isRevert)).toEqual([]);
    expect(told.containers('fe1').filter((one) => one.endsWith('running v2'))).toHaveLength(2);
  });
});
