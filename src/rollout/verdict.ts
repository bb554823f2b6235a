/** How one host ended. `failed`: something on it failed and was put back. `notReached`: the run stopped before it. */
export type HostEnd = 'updated' | 'nothingToDo' | 'failed' | 'outOfService' | 'interrupted' | 'notReached';

export type RunEnd = 'done' | 'someFailed' | 'stopped' | 'outOfService' | 'interrupted';

export type AfterBatch = 'goOn' | 'stop' | 'outOfService';

/**
 * Whether the next batch may start. A batch stops the run when more than `maxFailPercentage` of its hosts failed:
 * strictly more, as in Ansible (50 of 100 at 50 goes on), and also when all of it failed. A server left out of
 * service stops the run whatever the percentage: the next batch would take capacity that is missing already.
 */
export function afterBatch(batch: readonly HostEnd[], maxFailPercentage: number): AfterBatch {
  if (batch.includes('outOfService')) return 'outOfService';
  const failed = batch.filter((end) => end === 'failed').length;
  if (failed > 0 && failed === batch.length) return 'stop';
  return failed * 100 <= maxFailPercentage * batch.length ? 'goOn' : 'stop';
}

/** The end of the whole run, worst first. */
export function runEndOf(hosts: readonly HostEnd[]): RunEnd {
  if (hosts.includes('outOfService')) return 'outOfService';
  if (hosts.includes('interrupted')) return 'interrupted';
  const failed = hosts.includes('failed');
  if (failed && hosts.includes('notReached')) return 'stopped';
  if (hosts.includes('notReached')) return 'interrupted';
  return failed ? 'someFailed' : 'done';
}
