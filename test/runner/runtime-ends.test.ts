import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { answerEnds, weightEnds } from '../../src/runner/haproxy/runtime-ends.ts';

const brief = (ends: ReturnType<typeof weightEnds>): readonly unknown[] =>
  ends.map(({ host, end, updated, notReached, reason }) => [host, end, updated, notReached, reason]);

describe('how weights were set', () => {
  const hosts = ['fe1', 'fe2', 'fe3'];
  const set = [{ host: 'fe1' }, { host: 'fe1' }, { host: 'fe2' }];

  it('is told for each host', () => {
    const all = hosts.flatMap((host) => [{ host }, { host }]);

    expect(brief(weightEnds({ hosts, each: 2, set: all, failure: undefined }))).toEqual([
      ['fe1', 'updated', 2, 0, ''],
      ['fe2', 'updated', 2, 0, ''],
      ['fe3', 'updated', 2, 0, ''],
    ]);
  });

  it('until one could not be set, after which the others are as they were', () => {
    const failure = new Failure('haproxy', 'Cannot set the weight: no');

    expect(brief(weightEnds({ hosts, each: 2, set, failure }))).toEqual([
      ['fe1', 'updated', 2, 0, ''],
      ['fe2', 'failed', 1, 1, 'Cannot set the weight: no'],
      ['fe3', 'notReached', 0, 2, ''],
    ]);
  });
});

it('what was sent to HAProxy is told for each host', () => {
  const failed = (code: 'unreachable' | 'late' | 'haproxy') => new Failure(code, code);

  expect(
    brief(
      answerEnds([
        { host: 'fe1', answer: '', failure: undefined },
        { host: 'fe2', answer: '', failure: failed('unreachable') },
        { host: 'fe3', answer: '', failure: failed('haproxy') },
        { host: 'fe4', answer: '', failure: failed('late') },
      ]),
    ),
  ).toEqual([
    ['fe1', 'updated', 1, 0, ''],
    ['fe2', 'unreachable', 0, 0, 'unreachable'],
    ['fe3', 'failed', 0, 0, 'haproxy'],
    ['fe4', 'failed', 0, 0, 'late'],
  ]);
});
