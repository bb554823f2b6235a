import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../runner/ports/ports.ts';

export const systemClock: Clock = {
  now: () => Math.round(performance.now()),
  date: () => new Date(),
  sleep: (ms, signal) =>
    sleep(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    }),
};
