import { describe, expect, it } from 'vitest';
import type { SettingChange } from '../../src/rollout/observed.ts';
import { backInSlot, inSlot, occupiedSlot } from '../../src/rollout/slots.ts';
import type { DeclaredSlot } from '../../src/rollout/model.ts';
import { anInstance } from '../support/builders.ts';

function changes(...settings: string[]): SettingChange[] {
  return settings.map((setting) => ({ setting, from: '', to: 'x' }));
}

describe('the slot that a container is in', () => {
  it.each<[string, readonly string[], readonly string[], 0 | 1 | undefined]>([
    ['the one that it is as declared in', [], ['ports'], 0],
    ['the other one', ['ports'], [], 1],
    [
      'the one whose own settings it has, whatever else is to change',
      ['image', 'labels.x'],
      ['labels.x', 'ports', 'image'],
      0,
    ],
    ['unknown when it has the settings of neither', ['ports'], ['ports'], undefined],
    ['unknown when each has something of its own', ['ports'], ['networks'], undefined],
    ['unknown when nothing tells them apart', [], [], undefined],
  ])('is %s', (_why, forFirst, forSecond, slot) => {
    expect(occupiedSlot([changes(...forFirst), changes(...forSecond)])).toBe(slot);
  });
});

describe('an instance in its slots', () => {
  const declared = anInstance();
  const slot = (name: string): DeclaredSlot => ({
    ...{ name, ready: declared.ready, spec: { ...declared.spec, user: name } },
    servers: declared.servers.map((server) => ({ ...server, name })),
  });
  const [a, b] = [slot('a'), slot('b')];

  it('goes to the one and leaves the other', () => {
    const { slot: name, servers, spec, leaving, other, slots } = inSlot(declared, [b, a], { leaves: true });

    expect({ name, server: servers[0]?.name, spec: spec.user, leaving: leaving?.name, other: other?.name }).toEqual({
      ...{ name: 'b', server: 'b', spec: 'b', leaving: 'a', other: 'a' },
    });
    expect(slots).toBeUndefined();
    // What is declared may hold secrets, and what is left is kept in journals.
    expect(leaving).not.toHaveProperty('spec');
  });

  it.each([
    { now: [b, a] as const, found: 'a', leaves: true, to: 'a', leaving: 'b' },
    { now: [b, a] as const, found: 'a', leaves: false, to: 'a', leaving: undefined },
    { now: [a, b] as const, found: 'a', leaves: true, to: 'a', leaving: 'b' },
  ])('goes back to $found, leaving $leaving', ({ now, found, leaves, to, leaving }) => {
    const back = backInSlot(inSlot(declared, now, { leaves: false }), found, { leaves });

    expect([back.slot, back.servers[0]?.name, back.leaving?.name]).toEqual([to, to, leaving]);
  });

  it('stays as it is without slots', () => {
    expect(backInSlot(declared, 'a', { leaves: true })).toBe(declared);
  });
});
