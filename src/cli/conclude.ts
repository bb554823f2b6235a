import { systemClock } from '../adapters/system-clock.ts';
import { exitStatuses } from '../errors.ts';
import { summaryText, verdictText, type SummaryCommand } from '../report/summary.ts';
import type { RunEnd } from '../rollout/verdict.ts';
import type { RunResult } from '../runner/run.ts';
import type { CliSession } from './session.ts';

const statusOf: Readonly<Record<RunEnd, number>> = {
  done: 0,
  someFailed: exitStatuses['some-failed'],
  stopped: exitStatuses.stopped,
  outOfService: exitStatuses['out-of-service'],
  interrupted: exitStatuses.interrupted,
  unreachable: exitStatuses.unreachable,
};

/** Says what a run came to, and gives its exit status. */
export function conclude(
  command: SummaryCommand,
  result: RunResult,
  { report, print, paint, startedMs, context }: CliSession,
): number {
  const { end, hosts } = result;
  const ms = systemClock.now() - startedMs;
  const { run } = context.identity;
  report({ type: 'run-ended', command, end, ms, hosts, exitStatus: statusOf[end] });
  print([...summaryText(hosts, command, paint), verdictText(result, command, { run, ms })]);
  return statusOf[end];
}
