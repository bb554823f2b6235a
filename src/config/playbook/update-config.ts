/** How a service is updated and rolled back, in the words of Swarm. */
import { z } from 'zod';
import type { Strategy } from '../../rollout/model.ts';
import { field, type Leaf, Misfit } from './field.ts';
import { duration, integer, numberIn, oneOf } from './leaves.ts';

const parallelism = integer('a number of hosts, or 0 for all', 0);

const ratio: Leaf<number> = {
  says: 'a number from 0 to 1 such as 0.25',
  parse: (value) => {
    const found = numberIn(value);
    return found !== undefined && found >= 0 && found <= 1 ? found : new Misfit();
  },
};

const notWatched: Leaf<number> = {
  says: '0s',
  parse: (value) => {
    const why = 'what is taken back has served before and is not watched';
    return duration.parse(value) === 0 ? 0 : new Misfit(why);
  },
};

const common = {
  parallelism: field(parallelism, { description: '`serial`: hosts at the same time, an instance at a time on each.' }),
  delay: field(duration, { description: '`pause` between two batches of hosts.' }),
  max_failure_ratio: field(ratio, {
    description: '`max_failures`: this part of the hosts of the run may fail. `failure_action: continue` has no limit.',
  }),
};

export const updateConfigSchema = z.strictObject({
  ...common,
  order: field(oneOf(['stop-first', 'start-first'] as const), {
    description: '`strategy`: `stop-first` is `in-place`; `start-first` needs `slots`.',
  }),
  failure_action: field(oneOf(['pause', 'continue', 'rollback'] as const), { description: '`on_failure`.' }),
  monitor: field(duration, { description: '`monitor.for`.' }),
});

export const rollbackConfigSchema = z.strictObject({
  ...common,
  order: field(oneOf(['stop-first', 'start-first'] as const), {
    description: 'Read, and of no effect: an instance goes back the way it came.',
  }),
  failure_action: field(oneOf(['pause', 'continue'] as const), { description: '`--on-failure`.' }),
  monitor: field(notWatched, { description: '`0s`: what is taken back has served before.' }),
});

export function orderOf(config: UpdateConfig | undefined): Strategy {
  return config?.order === 'start-first' ? 'start-first' : 'in-place';
}

export type UpdateConfig = z.infer<typeof updateConfigSchema>;
export type RollbackConfig = z.infer<typeof rollbackConfigSchema>;
