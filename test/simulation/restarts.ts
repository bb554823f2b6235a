/** Stories in which containers stay: they are only restarted, and may not come up again, or a command is run for them. */
import type { Only } from '../../src/rollout/model.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import type { WorldSetting } from './world/world.ts';

/** The story of `operationsOf`, with another way to replace. */
export function restartsOf(seed: number, pace: Pace = leisurely): Scenario {
  const told = operationsOf(seed, pace);
  const random = new Random(seed, 'restarts');
  const again = againOf(told.world, random);
  return {
    ...told,
    play: { ...told.play, strategy: 'restart' },
    world: { ...told.world, ...(again && { again }) },
  };
}

/** The same story with containers that stay. */
export function onlyDone(told: Scenario, strategy: Only): Scenario {
  return { ...told, play: { ...told.play, strategy, ...(strategy === 'run' && { command: ['sleep', '600'] }) } };
}

/** In half of all worlds it comes up as before, else late, not at all, or to fall over. */
function againOf({ startsMs }: WorldSetting, random: Random): WorldSetting['again'] {
  const kind = random.below(8);
  if (kind === 0) return { answersAfterMs: startsMs, neverAnswers: true };
  if (kind === 1) return { answersAfterMs: startsMs, exitsAfterMs: random.between(20, 6_000) };
  if (kind === 2) return { answersAfterMs: random.between(1_500, 8_000) };
  return kind === 3 ? { answersAfterMs: startsMs, unhealthyAfterMs: random.between(800, 6_000) } : undefined;
}

/** The same with a command, that may fail, or take too long. */
export function commandsOf(seed: number, pace: Pace = leisurely): Scenario {
  const told = operationsOf(seed, pace);
  const random = new Random(seed, 'commands');
  const command = random.pick([['well'], ['well'], ['sleep', '600'], ['sleep', '5000'], ['fail']]);
  return { ...told, play: { ...told.play, strategy: 'run', command } };
}
