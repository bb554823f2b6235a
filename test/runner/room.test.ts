import { describe, expect, it } from 'vitest';
import { Room } from '../../src/runner/waiting/room.ts';

/** Something that goes on until it is let go, and notes when it begins and ends. */
function doing(log: string[], name: string): { readonly action: () => Promise<string>; readonly end: () => void } {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  const action = async (): Promise<string> => {
    log.push(`${name} begins`);
    await over;
    log.push(`${name} ends`);
    return name;
  };
  return { action, end };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Room', () => {
  it('has so many at the same time', async () => {
    const room = new Room(2);
    const log: string[] = [];
    const all = ['a', 'b', 'c'].map((name) => doing(log, name));
    const results = all.map(({ action }) => room.share(action));
    await settle();
    expect(log).toEqual(['a begins', 'b begins']);

    for (const { end } of all) end();

    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
  });

  it('has one alone after all who came before, and before all who come later', async () => {
    const room = new Room(2);
    const log: string[] = [];
    const [first, second, later] = [doing(log, 'first'), doing(log, 'second'), doing(log, 'later')];
    const alone = doing(log, 'alone');
    const all = [
      room.share(first.action),
      room.share(second.action),
      room.alone(alone.action),
      room.share(later.action),
    ];

    first.end();
    await settle();
    expect(log).toEqual(['first begins', 'second begins', 'first ends']);
    second.end();
    await settle();
    expect(log.at(-1)).toBe('alone begins');
    alone.end();
    later.end();

    expect(await Promise.all(all)).toEqual(['first', 'second', 'alone', 'later']);
    expect(log.slice(4)).toEqual(['alone begins', 'alone ends', 'later begins', 'later ends']);
  });

  it('goes on after one alone that failed, and two that want it so come one after the other', async () => {
    const room = new Room(3);
    const failing = room.alone(async () => Promise.reject(new Error('no')));
    const next = room.alone(async () => 'next');

    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
    expect(await room.share(async () => 'shared')).toBe('shared');
  });
});
