/** What becomes of old containers: so many stay behind, stopped, or all of a host run on for a time. */
import type { Switching } from '../../rollout/model.ts';
import { type Leaf, Misfit } from './field.ts';
import { duration, numberIn } from './leaves.ts';

export type Keeping = { readonly containers: number } | { readonly ms: number };

/** How long they run on with `blue-green` unless it is said: time to look, and not so much that they are forgotten. */
const UNLESS_SAID_MS = 600_000;
const MOST_CONTAINERS = 1000;

export const keeping: Leaf<Keeping> = {
  says: 'a number of containers such as 1, or with blue-green a duration such as "10m"',
  parse: (value) => {
    const containers = numberIn(value);
    if (containers === undefined) {
      const ms = duration.parse(value);
      return typeof ms === 'number' ? { ms } : new Misfit();
    }
    const isCount = Number.isSafeInteger(containers) && containers >= 0 && containers <= MOST_CONTAINERS;
    return isCount ? { containers } : new Misfit();
  },
};

export function isTime(keep: Keeping | undefined): boolean {
  return keep !== undefined && 'ms' in keep;
}

/** Old containers that stay behind, stopped. */
export function keptStopped(keep: Keeping | undefined): number {
  return keep && 'containers' in keep ? keep.containers : 0;
}

export function switchingOf(keep: Keeping | undefined, order: Switching['order']): Switching {
  return { order, keepMs: keep && 'ms' in keep ? keep.ms : UNLESS_SAID_MS };
}
