import { describe, expect, it } from 'vitest';
import { durationMs } from '../../src/cli/duration.ts';

describe('durationMs()', () => {
  // prettier-ignore
  it.each([
    { text: '500ms',   ms: 500 },
    { text: '30s',     ms: 30_000 },
    { text: '2m',      ms: 120_000 },
    { text: '1h',      ms: 3_600_000 },
    { text: '1m30s',   ms: 90_000 },
    { text: '1h2m3s4ms', ms: 3_723_004 },
    { text: '0s',      ms: 0 },
    { text: '007s',    ms: 7_000 },
  ])('reads $text as $ms ms', ({ text, ms }) => {
    expect(durationMs('--timeout', text)).toBe(ms);
  });

  it.each(['', '30', '30 s', ' 30s', '1.5s', '-5s', '5d', '5S', '30s!', 's', '1m30', '10us'])(
    'refuses "%s" and says why',
    (text) => {
      expect(() => durationMs('--timeout', text)).toThrow(
        expect.objectContaining({
          code: 'config',
          message: `Cannot use --timeout "${text}": it must be a duration such as 30s or 1m30s`,
        }),
      );
    },
  );
});
