import type { OnFailure, Share } from './policy.ts';

/**
 * How one host ended. `failed`: something on it failed and was put back. `notReached`: the run stopped before it.
 * `unreachable`: it was skipped, and nothing on it was touched. `rolledBack`: it had been updated and is as before.
 */
export type HostEnd =
  'updated' | 'nothingToDo' | 'failed' | 'outOfService' | 'interrupted' | 'notReached' | 'unreachable' | 'rolledBack';

export type RunEnd = 'done' | 'someFailed' | 'stopped' | 'outOfService' | 'interrupted' | 'unreachable';

export type AfterBatch = 'goOn' | 'stop' | 'rollBack' | 'outOfService';

/** What has failed in the whole run so far, of how many hosts. */
export interface Tally {
  readonly failed: number;
  readonly hosts: number;
}

export interface Limits {
  /** Of the hosts of one batch; undefined: a batch by itself has no limit. */
  readonly maxFailPercentage: number | undefined;
  /** Of the hosts of the run; undefined: the run by itself has no limit. */
  readonly maxFailures: Share | undefined;
}

/** The key of the playbook that says where the limit is. */
export type Limit = 'max_fail_percentage' | 'max_failures';

/**
 * The limit that is exceeded once `batch` has ended, or undefined. Strictly more, as in Ansible: 50 of 100 at 50 goes
 * on. For `maxFailPercentage` a batch that failed as a whole exceeds any percentage. The limit of the run comes first,
 * since `on_failure: continue` heeds no other.
 */
export function exceededLimit(batch: readonly HostEnd[], run: Tally, limits: Limits): Limit | undefined {
  if (isMoreThan(limits.maxFailures, run)) return 'max_failures';
  const { maxFailPercentage } = limits;
  const failed = batch.filter((end) => end === 'failed').length;
  if (failed === 0 || maxFailPercentage === undefined) return undefined;
  const isMore = failed === batch.length || failed * 100 > maxFailPercentage * batch.length;
  return isMore ? 'max_fail_percentage' : undefined;
}

/**
 * What a window is judged by when a host ends: the last hosts that have ended, as many as are in work at once. At first,
 * when fewer have, those that are still in work or to come stand for the others.
 */
export function lastOf(ended: readonly HostEnd[], window: number): readonly HostEnd[] {
  const last = ended.slice(-window);
  return [...Array.from({ length: window - last.length }, (): HostEnd => 'notReached'), ...last];
}

/** Exact, as with `serial`: 29 of 100 hosts are not more than 29 %. */
export function isMoreThan(share: Share | undefined, { failed, hosts }: Tally): boolean {
  if (share === undefined) return false;
  return 'hosts' in share ? failed > share.hosts : failed * 100 > share.percent * hosts;
}

/** What a batch that has ended means, before anybody was asked; for all but the first, which limit is exceeded. */
export type Verdict =
  { readonly then: 'goOn' | 'outOfService' } | { readonly then: 'stop' | 'rollBack' | 'ask'; readonly limit: Limit };

/**
 * Whether the next batch may start. A server left out of service stops the run whatever the policy: the next batch
 * would take capacity that is missing already.
 */
export function afterBatch(batch: readonly HostEnd[], limit: Limit | undefined, onFailure: OnFailure): Verdict {
  if (batch.includes('outOfService')) return { then: 'outOfService' };
  if (limit === undefined) return { then: 'goOn' };
  switch (onFailure) {
    case 'pause':
      return { then: 'stop', limit };
    case 'rollback':
      return { then: 'rollBack', limit };
    case 'continue':
      return limit === 'max_failures' ? { then: 'stop', limit } : { then: 'goOn' };
    case 'ask':
      return { then: 'ask', limit };
  }
}

/** What ended a run between two of its acts: itself, or somebody who stopped it. */
export type BrokenOff = 'stopped' | 'interrupted';

export interface HowItWent {
  readonly isHalted?: boolean;
  readonly wentBack?: boolean;
  readonly brokenOff?: BrokenOff | undefined;
}

/**
 * The end of the whole run, worst first. `isHalted`: the run itself went no further, not somebody who stopped it.
 * `wentBack`: it has rolled back what it had updated, if only on a host that failed. `brokenOff`: it could not go on
 * since a hook has failed, or was cut by a stop, though there may have been nothing left to do.
 */
export function runEndOf(
  hosts: readonly HostEnd[],
  { isHalted = false, wentBack = false, brokenOff }: HowItWent = {},
): RunEnd {
  if (hosts.includes('outOfService')) return 'outOfService';
  const isPartial = hosts.includes('interrupted') || hosts.includes('notReached');
  const failed = hosts.includes('failed');
  if (hosts.includes('interrupted') && !isHalted) return 'interrupted';
  if (wentBack || hosts.includes('rolledBack')) return 'stopped';
  if (brokenOff) return brokenOff;
  if (isPartial) return failed || isHalted ? 'stopped' : 'interrupted';
  if (failed) return 'someFailed';
  return hosts.includes('unreachable') ? 'unreachable' : 'done';
}
