import { describe, expect, it } from 'vitest';
import { KeptWorld, keptStory } from './kept-story.ts';
import type { Controller } from './world/controller.ts';

/** A set of two, of which one has ended when who was at it died. */
async function halfEnded(): Promise<KeptWorld> {
  const told = await KeptWorld.of(keptStory(600_000));
  await told.play({ command: 'rollout', by: 0 });
  const meanwhile = (controller: Controller): void => {
    const { record } = told.world.host('fe1');
    if (controller.isAlive && record.every(({ container }) => container === 'pxApp_2')) controller.kill('half-way');
  };
  await told.play({ command: 'retire', by: 1 }, { meanwhile });
  await told.pass(60_000);
  expect(told.noted('fe1')).toEqual(['kept pxApp_2 leaving', 'kept pxApp_2 next']);
  return told;
}

describe('a set of which a part has ended', () => {
  it('is not switched back to: its host would be of two versions', async () => {
    const told = await halfEnded();
    const containers = told.containers('fe1');

    const { outcome, why } = await told.play({ command: 'switch-back', by: 2 });

    expect(outcome).toMatchObject({ hosts: [{ end: 'failed', unchanged: 1 }] });
    expect(why).toMatch(
      /^Cannot have the old pxApp_2 on fe1 serve again: the old pxApp_1 has ended already, .*retire fe1/,
    );
    expect(told.containers('fe1')).toEqual(containers);
  });

  it('ends as a whole, told so once more', async () => {
    const told = await halfEnded();

    expect(await told.play({ command: 'retire', by: 2 })).toMatchObject({ outcome: { end: 'done' } });

    expect(told.noted('fe1')).toEqual([]);
    expect(told.containers('fe1')).toEqual(['pxApp_1 running v2', 'pxApp_2 running v2']);
    expect(told.violations()).toEqual([]);
  });
});

describe('a set that was to end, and of which nothing has', () => {
  it('can be switched back to', async () => {
    const told = await KeptWorld.of(keptStory(600_000));
    await told.play({ command: 'rollout', by: 0 });
    const meanwhile = (controller: Controller): void => {
      const { record } = told.world.host('fe1');
      if (controller.isAlive && record.some(({ endsWith = [] }) => endsWith.length > 0))
        controller.kill('as it begins');
    };
    await told.play({ command: 'retire', by: 1 }, { meanwhile });
    await told.pass(60_000);

    expect(await told.play({ command: 'switch-back', by: 2 })).toMatchObject({ outcome: { end: 'done' } });

    expect(told.containers('fe1')).toEqual(['pxApp_1 running v1', 'pxApp_2 running v1']);
    expect(told.violations()).toEqual([]);
  });
});
