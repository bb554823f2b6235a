import type { Breakage } from './playing.ts';

/** Deliberate breakages by name; each must be caught by the invariant that breakages.test.ts names. */
export const breakages: Readonly<Record<string, Breakage>> = {};
