import type { z } from 'zod';
import { oneByOne, type AtOnce } from '../../rollout/at-once.ts';
import { defaultPolicy, type Policy } from '../../rollout/policy.ts';
import type { Serial } from '../../rollout/serial.ts';
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

/** Undefined where it is one instance of each host of a batch. */
export function atOnceOf({ parallelism = 1, throttle, window, lockstep = false }: WrittenPace): AtOnce | undefined {
  const atOnce = { perHost: parallelism, inAll: throttle, window, isLockstep: lockstep };
  return JSON.stringify(atOnce) === JSON.stringify(oneByOne) ? undefined : atOnce;
}

/** A window goes from host to host; what hosts have in common makes batches by itself. */
export function serialOf({ serial, batch_by: batchBy }: WrittenPace): Serial {
  return serial ?? [batchBy === undefined ? { hosts: 1 } : { percent: 100 }];
}

/** A batch by itself has no limit where only the whole run is given one. */
export function maxFailPercentageOf({ max_fail_percentage, max_failures }: WrittenPace): number | undefined {
  return max_fail_percentage ?? (max_failures === undefined ? 0 : undefined);
}
