/** Stories in which containers are only restarted, and may not come up again as they did before. */
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

/** In half of all worlds it comes up as before, else late, not at all, or to fall over. */
function againOf({ startsMs }: WorldSetting, random: Random): WorldSetting['again'] {
  const kind = random.below(8);
  if (kind === 0) return { answersAfterMs: startsMs, neverAnswers: true };
  if (kind === 1) return { answersAfterMs: startsMs, exitsAfterMs: random.between(20, 6_000) };
  if (kind === 2) return { answersAfterMs: random.between(1_500, 8_000) };
  return kind === 3 ? { answersAfterMs: startsMs, unhealthyAfterMs: random.between(800, 6_000) } : undefined;
}
