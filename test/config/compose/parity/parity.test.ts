import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { comparable } from './comparable.ts';
import { allCases, answerFile, ourAnswer, theirAnswer } from './case.ts';

it('there are enough cases', () => {
  expect(allCases().length).toBeGreaterThanOrEqual(40);
});

it.each(allCases())('$name is what docker-compose makes of it', (one) => {
  expect(comparable(ourAnswer(one))).toEqual(comparable(theirAnswer(one, readFileSync(answerFile(one), 'utf8'))));
});
