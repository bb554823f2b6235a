import { isMapping } from '../values.ts';
import type { Problem } from './complaints.ts';

interface Pair {
  readonly key: string;
  readonly beside: string;
  readonly why: string;
}

const PAIRS: readonly Pair[] = [
  { key: 'window', beside: 'serial', why: 'a play goes batch by batch or in a window: say one of the two' },
  { key: 'window', beside: 'batch_by', why: 'a window goes on from host to host, and has no batches' },
  { key: 'lockstep', beside: 'window', why: 'hosts keep step within a batch, and a window has none' },
  { key: 'lockstep', beside: 'parallelism', why: 'in lockstep a host has one instance in work' },
];

/** What a play says of its pace that does not go together. */
export function paceRules(playbook: unknown): Problem[] {
  if (!Array.isArray(playbook)) return [];
  return playbook.flatMap((play: unknown, index) => {
    if (!isMapping(play)) return [];
    return PAIRS.filter(({ key, beside }) => isSaid(play, key) && isSaid(play, beside)).map(
      ({ key, beside, why }): Problem => ({
        path: [index, key],
        message: `stands beside ${beside}: ${why}`,
        which: 'key',
      }),
    );
  });
}

/** What is written, but means what would be so without it, is not. */
function isSaid(play: Readonly<Record<string, unknown>>, key: string): boolean {
  const value = play[key];
  return value !== undefined && value !== false && !(key === 'parallelism' && value === 1);
}
