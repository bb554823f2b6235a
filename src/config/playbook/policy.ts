import type { z } from 'zod';
import { defaultPolicy, type Policy } from '../../rollout/policy.ts';
import type { paceSchema } from './pace-schema.ts';

type WrittenPace = z.infer<typeof paceSchema>;

/** What a play says of when it goes on, with everything that is left out filled in. */
export function policyOf({ deadline, freeze, ...pace }: WrittenPace): Policy {
  return {
    onFailure: pace.on_failure ?? defaultPolicy.onFailure,
    maxFailures: pace.max_failures,
    countUnreachable: pace.count_unreachable ?? defaultPolicy.countUnreachable,
    unreachable: pace.unreachable ?? defaultPolicy.unreachable,
    unreachableBalancer: pace.unreachable_balancer ?? defaultPolicy.unreachableBalancer,
    instanceDeadlineMs: deadline?.instance,
    runDeadlineMs: deadline?.run,
    pause: pace.pause ?? defaultPolicy.pause,
    freeze: freeze?.windows && { windows: freeze.windows, timezone: freeze.timezone },
  };
}

/** A batch by itself has no limit where only the whole run is given one. */
export function maxFailPercentageOf({ max_fail_percentage, max_failures }: WrittenPace): number | undefined {
  return max_fail_percentage ?? (max_failures === undefined ? 0 : undefined);
}
