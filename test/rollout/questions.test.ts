import { describe, expect, it } from 'vitest';
import { mayBatchBegin, whatAfterFailure, type BatchAnswer, type FailureAnswer } from '../../src/rollout/questions.ts';

describe('mayBatchBegin()', () => {
  const question = mayBatchBegin('Front ends', 2, 3);

  // prettier-ignore
  it.each<{ said: string; means: BatchAnswer | undefined; told?: string }>([
    { said: 'y',     means: 'yes',                 told: 'yes' },
    { said: ' Yes ', means: 'yes',                 told: 'yes' },
    { said: 'n',     means: 'no',                  told: 'no' },
    { said: 'no',    means: 'no',                  told: 'no' },
    { said: 'all',   means: 'all',                 told: 'all' },
    { said: 'A',     means: 'all',                 told: 'all' },
    { said: '10m',   means: { everyMs: 600_000 },  told: 'wait 10m between batches' },
    { said: '1h30m', means: { everyMs: 5_400_000 }, told: 'wait 1h30m between batches' },
    { said: '0s',    means: { everyMs: 0 },        told: 'wait 0s between batches' },
    { said: '10',    means: undefined },
    { said: '',      means: undefined },
    { said: 'yess',  means: undefined },
    { said: '10m!',  means: undefined },
  ])('understands "$said" as $means', ({ said, means, told }) => {
    const answer = question.read(said);

    expect(answer).toEqual(means);
    expect(answer && question.tell(answer)).toBe(told);
  });
});

describe('whatAfterFailure()', () => {
  const question = whatAfterFailure('more failed than allowed');

  // prettier-ignore
  it.each<{ said: string; means: FailureAnswer | undefined }>([
    { said: 'go on',     means: 'goOn' },
    { said: 'go',        means: 'goOn' },
    { said: 'g',         means: 'goOn' },
    { said: 'roll back', means: 'rollBack' },
    { said: 'Rollback',  means: 'rollBack' },
    { said: 'r',         means: 'rollBack' },
    { said: 'stop',      means: 'stop' },
    { said: 's',         means: 'stop' },
    { said: 'y',         means: undefined },
    { said: '',          means: undefined },
  ])('understands "$said" as $means', ({ said, means }) => {
    expect(question.read(said)).toBe(means);
  });

  it('says why it asks', () => {
    expect(question.text).toBe('more failed than allowed: go on, roll back what is updated, or stop?');
    expect(question.answers).toBe('go on / roll back / stop');
  });
});
