import { durationText, readDuration } from './durations.ts';

/** What an operator is asked in the middle of a run. */
export interface Question<Answer> {
  readonly text: string;
  /** What may be answered, in words. */
  readonly answers: string;
  /** Undefined for what is no answer: it is asked again. */
  readonly read: (said: string) => Answer | undefined;
  /** An answer as it is told to others. */
  readonly tell: (answer: Answer) => string;
}

/** `all`: do not ask again. `everyMs`: from now on wait so long between batches instead, this time too. */
export type BatchAnswer = 'yes' | 'no' | 'all' | { readonly everyMs: number };

/** Asked between two batches, with `pause: ask`. */
export function mayBatchBegin(play: string, number: number, of: number): Question<BatchAnswer> {
  return {
    text: `${play}: begin batch ${number} of ${of}?`,
    answers: 'y, n, all (do not ask again), or a duration such as 10m to wait now and between all batches',
    read: (said) => {
      const word = said.trim().toLowerCase();
      if (/^y(es)?$/.test(word)) return 'yes';
      if (/^no?$/.test(word)) return 'no';
      if (/^a(ll)?$/.test(word)) return 'all';
      const everyMs = readDuration(word);
      return everyMs === undefined ? undefined : { everyMs };
    },
    tell: (answer) => (typeof answer === 'string' ? answer : `wait ${durationText(answer.everyMs)} between batches`),
  };
}

export type FailureAnswer = 'goOn' | 'rollBack' | 'stop';

const failureWords: Readonly<Record<FailureAnswer, string>> = { goOn: 'go on', rollBack: 'roll back', stop: 'stop' };

/** Asked when a limit is exceeded, with `on_failure: ask`. */
export function whatAfterFailure(why: string): Question<FailureAnswer> {
  return {
    text: `${why}: go on, roll back what is updated, or stop?`,
    answers: Object.values(failureWords).join(' / '),
    read: (said) => {
      const word = said.trim().toLowerCase();
      if (/^(g|go( ?on)?)$/.test(word)) return 'goOn';
      if (/^(r|roll ?back)$/.test(word)) return 'rollBack';
      return /^(s|stop)$/.test(word) ? 'stop' : undefined;
    },
    tell: (answer) => failureWords[answer],
  };
}
