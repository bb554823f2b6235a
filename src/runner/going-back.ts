import type { HostSummary } from '../rollout/events.ts';
import type { Play } from '../rollout/play.ts';
import { asRevert } from './play/rollback.ts';
import { rollout, type RolloutOptions } from './rollout.ts';
import type { RunContext, RunResult } from './run.ts';

/**
 * Goes on with the way back of this very run, which has died on it, or was stopped: `plays` take back what it may have
 * changed still. It comes to what the run would have come to by itself.
 *
 * @throws Failure as `rollout` does
 */
export async function goOnBack(
  plays: readonly Play[],
  options: Omit<RolloutOptions, 'isGoingBack' | 'resumption'>,
  context: RunContext,
): Promise<RunResult> {
  const reverting = { ...context, report: asRevert(context.report) };
  const { end, why, hosts } = await rollout(plays, { ...options, isGoingBack: true }, reverting);
  const rows = hosts.map(asOfTheRun);
  if (end === 'outOfService' || end === 'interrupted') return { end, why, hosts: rows };
  return { end: 'stopped', why: why ?? 'it was taking back what it had updated', hosts: rows };
}

/** What is back is not updated any more, and what is not still is. */
function asOfTheRun(row: HostSummary): HostSummary {
  const { end, updated, left, unchanged, notReached } = row;
  const counts = { updated: unchanged + notReached, unchanged: updated + left, left: 0, notReached: 0 };
  return { ...row, ...counts, end: end === 'updated' || end === 'nothingToDo' ? 'rolledBack' : end };
}
