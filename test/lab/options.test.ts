import { describe, expect, it } from 'vitest';
import { parse, settingsOf } from '../../lab/options.ts';

describe('settingsOf()', () => {
  it('has only what was asked for', () => {
    const { values, positionals } = parse(['2', '--weights', '1,2', '--app-delay', '3000']);

    expect(settingsOf(values, positionals)).toEqual({ hosts: 2, weights: [1, 2], appDelayMs: 3000 });
  });

  it.each(['0', '1.5', 'many', ''])('refuses %j hosts', (hosts) => {
    expect(() => settingsOf({}, [hosts])).toThrow('it must be a whole number from 1 to 50');
  });
});
