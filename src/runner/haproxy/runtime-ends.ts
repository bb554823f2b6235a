/** How `haproxy weights` and `exec` ended on each host, for the journal. */
import type { Failure } from '../../errors.ts';
import type { HostSummary } from '../../rollout/events.ts';
import type { HostEnd } from '../../rollout/verdict.ts';
import type { RuntimeAnswer } from './ask-runtime.ts';
import type { WeightSet } from './set-weights.ts';

interface Weights {
  readonly hosts: readonly string[];
  /** Those that are to be set on each of them. */
  readonly each: number;
  readonly set: readonly Pick<WeightSet, 'host'>[];
  /** Why no further one was. */
  readonly failure: Failure | undefined;
}

/** They are set host by host: where one cannot be, the hosts after that are as they were. */
export function weightEnds({ hosts, each, set, failure }: Weights): readonly HostSummary[] {
  const numbers = hosts.map((host) => set.filter((one) => one.host === host).length);
  const failing = failure && numbers.findIndex((number) => number < each);
  return hosts.map((host, index) => {
    const updated = numbers[index] ?? 0;
    const end = index === failing ? 'failed' : updated === each ? 'updated' : 'notReached';
    const reason = index === failing ? failure?.message : undefined;
    return { ...summary(host, end, reason), updated, notReached: each - updated };
  });
}

export function answerEnds(answers: readonly RuntimeAnswer[]): readonly HostSummary[] {
  return answers.map(({ host, failure }) => {
    if (!failure) return { ...summary(host, 'updated', ''), updated: 1 };
    return summary(host, failure.code === 'unreachable' ? 'unreachable' : 'failed', failure.message);
  });
}

function summary(host: string, end: HostEnd, reason = ''): HostSummary {
  return { host, end, updated: 0, left: 0, unchanged: 0, outOfService: 0, notReached: 0, ms: 0, reason };
}
