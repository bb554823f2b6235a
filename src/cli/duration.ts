import { Failure } from '../errors.ts';
import { readDuration } from '../rollout/durations.ts';

/** `500ms`, `30s`, `2m`, `1m30s` in milliseconds. A bare number is refused: it would not say its unit. */
export function durationMs(option: string, text: string): number {
  const ms = readDuration(text);
  if (ms === undefined) {
    throw new Failure('config', `Cannot use ${option} "${text}": it must be a duration such as 30s or 1m30s`);
  }
  return ms;
}
