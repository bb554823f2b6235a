import { describe, expect, it } from 'vitest';
import type { Instance } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { KeptWorld, keptStory, withEach } from './kept-story.ts';
import type { Scenario } from './scenario.ts';

const ROLLOUT = { command: 'rollout', by: 0 } as const;

/** Back to the version before, in the slot that is free then. */
function toBefore({ spec, slots }: Instance): Partial<Instance> {
  const before = <T extends { readonly image: string }>(one: T): T => ({
    ...one,
    image: one.image.replace('v2', 'v1'),
  });
  const [one, other] = slots ?? [];
  if (!one || !other) throw new Error('it has no slots');
  const slotBefore = (slot: typeof one): typeof one => ({ ...slot, spec: before(slot.spec) });
  return { spec: before(spec), slots: [slotBefore(one), slotBefore(other)] };
}

/** Restarted in the slot that it is in after a rollout. */
function restarted({ slots }: Instance): Partial<Instance> {
  const [, next] = slots ?? [];
  if (!next) throw new Error('it has no slots');
  const { servers, ready } = next;
  return { servers, ready, strategy: 'restart', minUp: { servers: 0 }, ...{ slots: undefined, switching: undefined } };
}

/** The set of the first host is over when the second has been updated. */
function onTwoHosts(): Scenario {
  const story = keptStory(1_000);
  const hosts = story.world.hosts.flatMap((host) => [host, { ...host, name: 'fe2' }]);
  return { ...story, world: { ...story.world, hosts } };
}

const laterOnFirst =
  (change: (instance: Instance) => Partial<Instance>) =>
  (play: Play): readonly Play[] => {
    const { hosts, ...rest } = withEach(play, change);
    return [{ ...rest, name: 'later', hosts: hosts.slice(0, 1) }];
  };

describe('what a run has kept, when a later play of it comes after its time', () => {
  it('is ended first, and its containers are replaced once more', async () => {
    const world = await KeptWorld.of(onTwoHosts());
    const { outcome } = await world.play(ROLLOUT, { further: laterOnFirst(toBefore) });

    expect(outcome).toMatchObject({ end: 'done' });
    expect(world.violations()).toEqual([]);
    expect(world.containers('fe1').filter((one) => one.endsWith('v1'))).toHaveLength(2);
  });

  it('is ended first, and its containers are restarted', async () => {
    const world = await KeptWorld.of(onTwoHosts());
    const { outcome } = await world.play(ROLLOUT, { further: laterOnFirst(restarted) });

    expect(outcome).toMatchObject({ end: 'done' });
    expect(world.violations()).toEqual([]);
    expect(world.noted('fe1')).toEqual([]);
    expect(world.containers('fe1')).toEqual(['pxApp_1 running v2', 'pxApp_2 running v2']);
  });
});

describe('what an earlier run has kept, when its time passes while another begins', () => {
  it('is ended, or refused: never changed as it is', async () => {
    const ends = new Set<string>();
    for (let earlierMs = -25; earlierMs <= 5; earlierMs += 1) {
      const world = await KeptWorld.of(keptStory(60_000));
      await world.play(ROLLOUT);
      const [entry] = world.world.host('fe1').record;
      const [controller] = world.world.watchman.controllers;
      if (!controller || entry?.keptUntil === undefined) throw new Error('nothing is kept');
      const leftMs = Date.parse(entry.keptUntil) - controller.clock.date().getTime();
      await world.pass(leftMs + earlierMs);
      const kept = world.noted('fe1');
      const { outcome, said } = await world.play(
        { command: 'rollout', by: 1 },
        { play: (play) => withEach(play, toBefore) },
      );

      expect(world.violations()).toEqual([]);
      if (outcome instanceof Error) {
        expect(outcome.message).toMatch(/^Cannot start: .*; nothing was touched$/);
        expect(said.join('\n')).toContain('sluice switch-back fe1');
        expect(world.noted('fe1')).toEqual(kept);
        ends.add('refused');
      } else {
        expect(outcome).toMatchObject({ end: 'done' });
        ends.add('done');
      }
    }
    expect([...ends]).toEqual(['refused', 'done']);
  });
});
