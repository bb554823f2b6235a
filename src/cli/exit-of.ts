import { exitStatuses, type Failure } from '../errors.ts';

/**
 * The exit status of looks at several hosts, some of which have failed: that one cannot be reached counts before all else,
 * as where a run is refused.
 */
export function statusOfAll(failures: readonly Failure[]): number {
  const worst = failures.find(({ code }) => code === 'unreachable') ?? failures[0];
  return worst ? exitStatuses[worst.code] : 0;
}
