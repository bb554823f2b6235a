import type { Freeze } from './freeze.ts';

/** What happens when more hosts failed than the limits allow. */
export type OnFailure = 'pause' | 'rollback' | 'continue' | 'ask';

/** A number of hosts, or a percentage of all hosts of the run. */
export type Share = { readonly hosts: number } | { readonly percent: number };

/** When a play goes on and when it does not, apart from `serial` and `max_fail_percentage`. */
export interface Policy {
  readonly onFailure: OnFailure;
  /** Failed hosts of the whole run that are tolerated; undefined: only `max_fail_percentage` counts. */
  readonly maxFailures: Share | undefined;
  /** Whether hosts that were skipped as unreachable count as failed for `maxFailures`. */
  readonly countUnreachable: boolean;
  /** What becomes of hosts that cannot be reached before their turn. */
  readonly unreachable: 'fail' | 'skip';
  /** What becomes of HAProxys on hosts of their own that do not answer. */
  readonly unreachableBalancer: 'fail' | 'skip';
  /** How long an instance may take until its new container is in service, in milliseconds. */
  readonly instanceDeadlineMs: number | undefined;
  /** How long after the plan was confirmed instances may begin, in milliseconds. */
  readonly runDeadlineMs: number | undefined;
  /** What happens between two batches: so many milliseconds pass, or the operator is asked. */
  readonly pause: number | 'ask';
  readonly freeze: Freeze | undefined;
}

export const defaultPolicy: Policy = {
  ...{
    onFailure: 'pause',
    maxFailures: undefined,
    countUnreachable: true,
    unreachable: 'fail',
    unreachableBalancer: 'fail',
  },
  ...{ instanceDeadlineMs: undefined, runDeadlineMs: undefined, pause: 0, freeze: undefined },
};
