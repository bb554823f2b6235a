import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/runner/instance/turns.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const never = new AbortController().signal;

describe('Turns', () => {
  it('lets one at a time look at a backend and take from it, and others at other backends meanwhile', async () => {
    const clock = new VirtualClock();
    const turns = new Turns();
    let spare = 1;
    const take = (names: readonly string[]): Promise<{ taken: boolean; atMs: number }> =>
      turns.inTurn(names, async () => {
        const seen = spare;
        await clock.sleep(100, never);
        if (seen > 0) spare -= 1;
        return { taken: seen > 0, atMs: clock.now() };
      });

    const [first, second, other] = await Promise.all([take(['a', 'b']), take(['b', 'a']), take(['c'])]);

    expect([first.taken, second.taken]).toEqual([true, false]);
    expect([first.atMs, second.atMs, other.atMs]).toEqual([100, 200, 100]);
  });

  it('goes on after a failure', async () => {
    const turns = new Turns();
    await expect(turns.inTurn(['a'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await turns.inTurn(['a'], async () => 1)).toBe(1);
  });
});
