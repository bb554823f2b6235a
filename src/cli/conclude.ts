import { systemClock } from '../adapters/system-clock.ts';
import { exitStatuses } from '../errors.ts';
import { summaryText, verdictText, type SummaryCommand } from '../report/summary.ts';
import type { RunEnd } from '../rollout/verdict.ts';
import type { RunResult } from '../runner/rollout.ts';
import type { CliSession } from './session.ts';

const statusOf: Readonly<Record<RunEnd, number>> = {
  done: 0,
  someFailed: exitStatuses['some-failed'],
  stopped: exitStatuses.stopped,
  outOfService: exitStatuses['out-of-service'],
  interrupted: exitStatuses.interrupted,
};

/** Says what a run came to, and gives its exit status. */
export function conclude(
  command: SummaryCommand,
  { end, hosts }: RunResult,
  { report, print, paint, startedMs }: CliSession,
): number {
  const ms = systemClock.now() - startedMs;
  report({ type: 'run-ended', command, end, ms, hosts, exitStatus: statusOf[end] });
  print([...summaryText(hosts, command, paint), verdictText(end, hosts, command, ms)]);
  return statusOf[end];
}
