import { describe, expect, it } from 'vitest';
import { KeptWorld, keptStory } from './kept-story.ts';
import type { Controller } from './world/controller.ts';

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

    const { outcome } = await told.play({ command: 'rollout', by: 0 }, { meanwhile });

    expect(hasCrashed).toBe(true);
    expect(outcome).toMatchObject({ end: 'someFailed', hosts: [{ end: 'failed', unchanged: 2 }] });
    expect(told.noted('fe1')).toEqual([]);
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
  });
});
