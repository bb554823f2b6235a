import { describe, expect, it } from 'vitest';
import type { Instance } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy } from '../../src/rollout/policy.ts';
import type { Act } from './acts.ts';
import { inCentral } from './central.ts';
import { lastRollout } from './journals.ts';
import { KeptWorld, keptStory, withEach } from './kept-story.ts';
import { Random } from './random.ts';
import type { Controller } from './world/controller.ts';
import type { SimHost } from './world/host.ts';

const ROLLOUT = { command: 'rollout', by: 0 } as const;
const RUNNING = ['pxApp_1 running v2', 'pxApp_2 running v2'];

/** A rollout that has kept both of its old containers. */
async function kept(keepMs: number): Promise<KeptWorld> {
  const world = await KeptWorld.of(keptStory(keepMs));
  const { outcome } = await world.play(ROLLOUT);
  expect(outcome).toMatchObject({ end: 'done' });
  expect(world.containers('fe1')).toHaveLength(4);
  return world;
}

describe('a maintenance of a host on which a set is kept', () => {
  it('is refused, and the set can be switched back to', async () => {
    const world = await kept(600_000);
    const before = world.noted('fe1');
    const { outcome, said } = await world.play({ command: 'maintain', by: 1, line: 'true' });

    expect(outcome).toMatchObject({ message: 'Cannot start: there is a problem (above); nothing was touched' });
    expect(said).toEqual([expect.stringMatching(/^the old pxApp_1 and pxApp_2 are kept until .*sluice retire fe1/)]);
    expect(world.noted('fe1')).toEqual(before);
    expect(await world.play({ command: 'switch-back', by: 2 })).toMatchObject({ outcome: { end: 'done' } });
    expect(world.violations()).toEqual([]);
  });

  it('ends one that is over first', async () => {
    const world = await kept(5_000);
    await world.pass(10_000);

    expect(await world.play({ command: 'maintain', by: 1, line: 'true' })).toMatchObject({ outcome: { end: 'done' } });
    expect(world.containers('fe1')).toEqual(RUNNING);
    expect(world.violations()).toEqual([]);
  });
});

describe('a run that is refused after it has ended what was over', () => {
  const refused: readonly Act[] = [
    { command: 'drain', by: 1, server: 'pxApp_9' },
    { command: 'rollout', by: 1 },
  ];
  it.each(refused)('says that this was touched: %j', async (act) => {
    const world = await kept(5_000);
    await world.pass(10_000);
    const spec = { image: 'registry.lab:5000/pxapp:none', pullPolicy: 'never' } as const;
    const otherwise = ({ slots }: Instance): Partial<Instance> => ({
      spec,
      ...(slots && {
        slots: [
          { ...slots[0], spec },
          { ...slots[1], spec },
        ],
      }),
    });
    const unknown = { play: (play: Play) => withEach(play, otherwise) };
    const { why } = await world.play(act, unknown);

    expect(why).toMatch(/^Cannot start: .* \(above\); nothing but what was over, or let in, was touched$/);
    expect(world.containers('fe1')).toEqual(RUNNING);
  });
});

describe('a set of which one new container does not serve', () => {
  async function withOneSick(keepMs: number): Promise<KeptWorld> {
    const world = await kept(keepMs);
    world.crash('fe1', 'pxApp_2');
    await world.pass(10_000);
    return world;
  }

  it('is kept on whole when it is retired, and can be switched back to', async () => {
    const world = await withOneSick(600_000);
    const before = world.noted('fe1');
    const { outcome } = await world.play({ command: 'retire', by: 1 });

    const reason = 'Cannot end what is kept on fe1: the new pxApp_2 there does not serve';
    expect(outcome).toMatchObject({ end: 'outOfService', hosts: [{ updated: 0, outOfService: 2, reason }] });
    expect(world.noted('fe1')).toEqual(before);
    expect(await world.play({ command: 'switch-back', by: 2 })).toMatchObject({ outcome: { end: 'done' } });
    expect(world.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
  });

  const others: readonly (readonly [Act, string])[] = [
    [{ command: 'drain', by: 1 }, 'are kept until'],
    [{ command: 'maintain', by: 1, line: 'true' }, 'are kept until'],
    [{ command: 'rollout', by: 1 }, 'are kept until'],
  ];
  it.each(others)('once it is over, is told of at once, with the ways out: %j', async (act, text) => {
    const world = await withOneSick(5_000);
    const before = world.world.timeline.nowMs;
    const { outcome, said, why } = await world.play(act);

    expect(outcome).toBeInstanceOf(Error);
    expect(why).toMatch(/^Cannot start: .*; nothing was touched$/);
    expect(world.world.timeline.nowMs - before).toBeLessThan(10_000);
    expect(said[0]).toMatch(
      /^Cannot end what is kept on fe1: the new pxApp_2 there does not serve: "sluice switch-back fe1"/,
    );
    expect(said.filter((one) => one.includes('kept until'))).toHaveLength(1);
    expect(said.at(-1)).toContain(text);
    expect(said.at(-1)).toContain('sluice switch-back fe1');
  });
});

describe('a switch-back that dies while its set is noted as kept again', () => {
  /** Its drains fail, each of the set goes back by itself, and the second one is not noted any more. */
  async function diesOnItsWayHome(): Promise<KeptWorld> {
    for (let seed = 1; seed <= 12; seed += 1) {
      const story = keptStory(20_000);
      const hosts = story.world.hosts.map((host) => ({ ...host, longRequestMs: [4_000, 6_000] as const }));
      const world = await KeptWorld.of({ ...story, world: { ...story.world, hosts, seed } });
      await world.play(ROLLOUT);
      const host = world.world.host('fe1');
      host.record = host.record.map((entry) => ({ ...entry, drain: { timeoutMs: 300, onTimeout: 'fail' } }));
      const isMixed = (): boolean => new Set(host.record.map(({ kind }) => kind)).size > 1;
      const meanwhile = (controller: Controller): void => {
        if (controller.isAlive && isMixed()) controller.kill('between two that are kept');
      };
      await world.play({ command: 'switch-back', by: 1 }, { meanwhile });
      if (isMixed()) return world;
    }
    throw new Error('no switch-back has died between the two');
  }

  it('is not ended in part when its time is over, and recover brings all of the old ones back', async () => {
    const world = await diesOnItsWayHome();
    await world.pass(60_000);
    const { outcome, why } = await world.play({ command: 'restore', by: 2, isExpired: true });

    expect(outcome).toMatchObject({ end: 'outOfService', hosts: [{ updated: 0 }] });
    expect(why).toMatch(/^Cannot end what is kept on fe1: .* left in work .*"sluice recover fe1"$/);
    expect(await world.play({ command: 'recover', by: 3 })).toMatchObject({ outcome: { end: 'done' } });
    expect(world.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
    expect(world.noted('fe1')).toEqual([]);
  });
});

describe('a set that is over behind central HAProxys, one of which is away', () => {
  async function withOneAway(): Promise<{ readonly world: KeptWorld; readonly away: SimHost }> {
    const world = await KeptWorld.of(inCentral(keptStory(30_000), new Random(3, 'central')));
    await world.play(ROLLOUT);
    await world.pass(60_000);
    const [one] = world.world.host('fe1').record.map(({ server }) => server.balancer.host);
    const away = world.world.host(one ?? '');
    away.isUnreachable = true;
    for (const controller of world.world.watchman.controllers) controller.cut(away);
    return { world, away };
  }

  it('is kept on whole, with the reason, and ended once it is back', async () => {
    const { world, away } = await withOneAway();
    const before = world.noted('fe1');
    const { outcome, why } = await world.play({ command: 'restore', by: 1, isExpired: true });

    expect(outcome).toMatchObject({ end: 'outOfService', hosts: [{ updated: 0 }] });
    expect(why).toMatch(/^Cannot end what is kept on fe1: .* is out of reach: /);
    for (const command of ['switch-back', 'retire'] as const)
      expect((await world.play({ command, by: 3 })).outcome).toMatchObject({ code: 'unreachable' });
    expect(world.noted('fe1')).toEqual(before);
    away.isUnreachable = false;
    expect(await world.play({ command: 'restore', by: 2, isExpired: true })).toMatchObject({
      outcome: { end: 'done' },
    });
    expect(world.noted('fe1')).toEqual([]);
  });

  it('goes on without one that is gone for good, once that is forgotten', async () => {
    const { world, away } = await withOneAway();
    const forgetting = { command: 'recover', by: 1, forget: away.name } as const;

    expect(await world.play(forgetting)).toMatchObject({ outcome: { end: 'done' } });
    expect(await world.play({ command: 'restore', by: 2, isExpired: true })).toMatchObject({
      outcome: { end: 'done' },
    });
    expect(world.noted('fe1')).toEqual([]);
    expect(world.containers('fe1')).toEqual(RUNNING);
  });
});

describe('a run that is to take back what it has kept, the old container of which somebody has removed', () => {
  it('leaves it updated, and its journal says so', async () => {
    const story = keptStory(600_000);
    const hosts = story.world.hosts.flatMap((host) => [host, { ...host, name: 'fe2' }]);
    const policy = { ...defaultPolicy, onFailure: 'rollback' } as const;
    const world = await KeptWorld.of({ ...story, world: { ...story.world, hosts, policy } });
    const { why } = await world.play(ROLLOUT, {
      meanwhile: ({ events }) => {
        const { engine } = world.world.host('fe1');
        const aside = engine.containers.find(({ name }) => name.startsWith('pxApp_1.'));
        const isSoaking = events.some(
          (event) => event.type === 'step-started' && event.step === 'soak' && event.subject.host === 'fe2',
        );
        if (!isSoaking || !aside) return;
        engine.remove(aside.name);
        world.crash('fe2', 'pxApp_1');
      },
    });

    expect(why).toMatch(/^Cannot have the old pxApp_1 on fe1 serve again: .* is gone$/);
    const journal = lastRollout(world.world, () => true)?.history;
    expect(journal?.hosts.map(({ instances }) => instances.map(({ state }) => state))).toEqual([
      ['updated', 'updated'],
      ['unchanged', 'unchanged'],
    ]);
  });
});
