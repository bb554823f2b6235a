import { expect, it } from 'vitest';
import { statusOfAll } from '../../src/cli/exit-of.ts';
import { Failure, type FailureCode } from '../../src/errors.ts';

it.each<{ codes: FailureCode[]; status: number }>([
  { codes: [], status: 0 },
  { codes: ['haproxy'], status: 1 },
  { codes: ['haproxy', 'unreachable', 'docker'], status: 4 },
  { codes: ['unreachable', 'haproxy'], status: 4 },
])('looks that fail with $codes end with $status', ({ codes, status }) => {
  expect(statusOfAll(codes.map((code) => new Failure(code, 'Cannot do it: it is not there')))).toBe(status);
});
