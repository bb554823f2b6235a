import { Failure } from '../errors.ts';

const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `2m`, `1m30s` in milliseconds. A bare number is refused: it would not say its unit. */
export function durationMs(option: string, text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Failure('config', `Cannot use ${option} "${text}": it must be a duration such as 30s or 1m30s`);
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (MS_PER[unit ?? ''] ?? 0), 0);
}
