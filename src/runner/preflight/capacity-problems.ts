import { count } from '../../rollout/count.ts';
import type { PlayPlan } from '../../rollout/plan.ts';
import type { Finding } from '../hosts/findings.ts';

/** Where a play would leave a backend fewer usable servers than it is to keep. */
export function capacityProblems({ capacity, name }: PlayPlan): Finding[] {
  return capacity
    .filter(
      ({ usable, usableAtWorst, floor, cannotLeave }) =>
        (usableAtWorst < usable && usableAtWorst < floor) || cannotLeave === true,
    )
    .map(({ host, backend, usable, usableAtWorst, floor, cannotLeave }) => {
      const what =
        cannotLeave === true
          ? `could let no old container go: backend ${backend} has ${count(usable, 'usable server')}`
          : `would leave ${usableAtWorst} of ${count(usable, 'usable server')} in backend ${backend}`;
      const text = `The play "${name}" ${what}, and min_up asks for ${floor}`;
      return { kind: 'problem', host, text };
    });
}
