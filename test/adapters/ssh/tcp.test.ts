import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/adapters/ssh/session.ts';
import { openTcp } from '../../../src/adapters/ssh/tcp.ts';
import { Absent } from '../../../src/errors.ts';

/** One whose server answers so. */
function sessionTo(answer: string, reason: number): Session {
  const openStream = async (): Promise<never> =>
    Promise.reject(Object.assign(new Error(`(SSH) Channel open failure: ${answer}`), { reason }));
  return { address: { host: 'fe1' }, openStream } as unknown as Session;
}

describe('openTcp()', () => {
  it.each([
    { answer: 'Connection refused', reason: 2, why: 'Connection refused', isAbsent: true },
    { answer: 'Connection timed out', reason: 2, why: 'Connection timed out', isAbsent: false },
    { answer: 'open failed', reason: 1, why: 'its SSH server does not allow it', isAbsent: false },
  ])(
    'is sure that nobody listens only where the system says so: $answer',
    async ({ answer, reason, why, isAbsent }) => {
      const failure: unknown = await openTcp(sessionTo(answer, reason), '127.0.0.1', 9999).catch(
        (error: unknown) => error,
      );

      expect(failure).toMatchObject({ code: 'error' });
      expect(String(failure)).toContain(`Cannot connect to 127.0.0.1:9999 from fe1: ${why}`);
      expect(failure instanceof Absent).toBe(isAbsent);
    },
  );
});
