import { Failure, reasonOf } from '../../errors.ts';
import type { HostSummary, Report } from '../../rollout/events.ts';
import type { HostEnd } from '../../rollout/verdict.ts';
import type { Clock } from '../ports/ports.ts';

type Counts = Partial<Pick<HostSummary, 'updated' | 'unchanged' | 'outOfService'>>;

/** What was done on one host came to. */
export interface HostOutcome {
  readonly end: HostEnd;
  readonly reason: string;
  readonly counts: Counts;
}

/**
 * Works on hosts side by side until every one has ended: what fails on one neither stops nor hides another. A host
 * that cannot be brought to an end of its own is out of service as far as anybody knows.
 */
export async function settleHosts<Host extends { readonly name: string }>(
  hosts: readonly Host[],
  work: (host: Host) => Promise<HostOutcome>,
  { clock, report }: { readonly clock: Clock; readonly report: Report },
): Promise<readonly HostSummary[]> {
  const settled = await Promise.allSettled(
    hosts.map(async (host): Promise<HostSummary> => {
      const started = clock.now();
      const { end, reason, counts } = await work(host).catch((error: unknown): HostOutcome => {
        if (!(error instanceof Failure)) throw error;
        return { end: 'outOfService', reason: reasonOf(error), counts: {} };
      });
      report({ type: 'host-ended', host: host.name, end, reason });
      const ms = clock.now() - started;
      return {
        ...{ host: host.name, end, reason, ms, left: 0, notReached: 0 },
        ...{ updated: 0, unchanged: 0, outOfService: 0 },
        ...counts,
      };
    }),
  );
  const bug = settled.find((result) => result.status === 'rejected');
  if (bug) throw bug.reason;
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
