/** How a playbook says that a weight comes back in steps. */
import { z } from 'zod';
import type { Ramp } from '../../rollout/ramp.ts';
import { each, field, type Leaf, Misfit } from './field.ts';
import { duration, percentIn } from './leaves.ts';

const STEP = 'a percentage of the weight such as "10%"';

const steps: Leaf<readonly number[]> = {
  says: 'a list of rising percentages such as ["10%", "50%"]',
  item: STEP,
  parse: (value) => {
    if (!Array.isArray(value)) return new Misfit();
    const read = each<unknown, number>(value, (item) => {
      const percent = percentIn(item);
      if (percent === undefined) return new Misfit();
      return percent > 0 ? percent : new Misfit('a server at weight 0 would take no request at all');
    });
    const percents = read.filter((one) => typeof one === 'number');
    if (percents.length < read.length) return read.filter((one) => one instanceof Misfit);
    const fallen = percents.findIndex((percent, index) => percent <= (percents[index - 1] ?? 0));
    if (fallen >= 0) return [new Misfit('more than the step before', [fallen])];
    // The last step is the weight that was found, whether it is written or not.
    const below = percents.filter((percent) => percent < 100);
    return below.length > 0 ? below : new Misfit('at least one step below "100%"');
  },
};

export const rampSchema = z.strictObject({
  steps: field(steps, {
    description:
      'Parts of the weight that was found, rounded up; the weight itself comes last, whether `100%` is written or not.',
    default: '[10%, 50%]',
  }),
  every: field(duration, {
    description: 'How long each step lasts. `0s` switches the ramp off.',
    default: '30s',
  }),
});

type WrittenRamp = z.infer<typeof rampSchema>;

/** With what an app says over what its play says. */
export function rampOf(play: WrittenRamp | undefined, app: WrittenRamp | undefined): Ramp | undefined {
  if (!play && !app) return undefined;
  const percents = app?.steps ?? play?.steps ?? [10, 50];
  const everyMs = app?.every ?? play?.every ?? 30_000;
  return everyMs > 0 ? { percents, everyMs } : undefined;
}
