import { expect, it } from 'vitest';
import { count } from '../../src/rollout/count.ts';

it.each([
  { number: 0, says: '0 usable servers' },
  { number: 1, says: '1 usable server' },
  { number: 2, says: '2 usable servers' },
])('count() says "$says"', ({ number, says }) => {
  expect(count(number, 'usable server')).toBe(says);
});
