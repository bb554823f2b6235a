import { describe, expect, it } from 'vitest';
import {
  firstProgress,
  isDrained,
  progressAfter,
  type DrainProgress,
  type DrainSight,
} from '../../src/rollout/drained.ts';

/** Looks 50 ms apart, written as `pending`, `pending/retries` or `pending/retries@pid`; the first is from before. */
function afterLooks(looks: readonly string[], isHeld?: boolean): { drained: boolean } {
  let progress: DrainProgress = firstProgress({ pid: 7, retries: Number(looks[0]?.split('/')[1] ?? '0') });
  let atMs = 0;
  for (const look of looks) {
    const [counts = '', pid = '7'] = look.split('@');
    const [pending = '0', retries = '0'] = counts.split('/');
    atMs += 50;
    const sight: DrainSight = { atMs, pid: Number(pid), pending: Number(pending), retries: Number(retries) };
    progress = progressAfter(progress, sight);
  }
  return { drained: isDrained(progress, atMs, isHeld) };
}

describe('isDrained()', () => {
  // prettier-ignore
  it.each<{ why: string; looks: string[]; drained: boolean }>([
    { why: 'one zero may be a gap between two requests',             looks: ['2', '0'],                 drained: false },
    { why: 'two zeroes may be so too',                               looks: ['2', '0', '0'],            drained: false },
    { why: 'three in a row over 100 ms are enough',                  looks: ['2', '0', '0', '0'],       drained: true },
    { why: 'a request in between starts the count anew',             looks: ['0', '0', '1', '0', '0'],  drained: false },
    { why: 'zeroes of another process do not count',                 looks: ['0@7', '0@7', '0@8'],      drained: false },
    { why: 'three of the new process do',                            looks: ['1@7', '0@8', '0@8', '0@8'], drained: true },
    { why: 'a retry that a new process has counted before the first look at it is one during the drain',
      looks: ['0/5', '0/1@8', '0/1@8', '0/1@8'], drained: false },
    { why: 'for as long as any other',
      looks: ['0/5', ...Array.from({ length: 25 }, () => '0/1@8')], drained: true },
    { why: 'a new process that has counted none has had none',       looks: ['0/5', '0@8', '0@8', '0@8'], drained: true },
    { why: 'retries from before the drain do not matter',            looks: ['0/5', '0/5', '0/5'],      drained: true },
    { why: 'a retry during the drain may be a request in no counter', looks: ['1/5', '0/6', '0/6', '0/6'], drained: false },
    { why: 'until the counters have been still for 1.2 s',
      looks: ['1/5', '0/6', ...Array.from({ length: 23 }, () => '0/6')], drained: false },
    { why: 'after which the zeroes hold',
      looks: ['1/5', '0/6', ...Array.from({ length: 24 }, () => '0/6')], drained: true },
  ])('$why', ({ looks, drained }) => {
    expect(afterLooks(looks)).toEqual({ drained });
  });

  // prettier-ignore
  it.each<{ why: string; looks: string[]; isHeld: boolean; drained: boolean }>([
    { why: 'no retry is waited for where HAProxy says that nothing is attached', looks: ['1/5', '0/6', '0/6', '0/6'], isHeld: false, drained: true },
    { why: 'its word is none for the zeroes, which are of all that may still come', looks: ['1', '0', '0'], isHeld: false, drained: false },
    { why: 'whatever it counts, nothing is drained that has something attached', looks: ['0', '0', '0', '0'], isHeld: true, drained: false },
    { why: 'for as long as that may be a request between two tries', looks: Array.from({ length: 24 }, () => '0'), isHeld: true, drained: false },
    { why: 'after which it is an idle connection', looks: Array.from({ length: 25 }, () => '0'), isHeld: true, drained: true },
    { why: 'and from the last retry on', looks: ['0/5', ...Array.from({ length: 20 }, () => '0/5'), '0/6', '0/6', '0/6', '0/6'], isHeld: true, drained: false },
  ])('$why', ({ looks, isHeld, drained }) => {
    expect(afterLooks(looks, isHeld)).toEqual({ drained });
  });
});
