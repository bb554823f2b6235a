/** The configuration of one HAProxy, as the playbook has it. */
import type { Balancer } from './model.ts';
import type { Serial } from './serial.ts';

export interface BalancerConfig {
  readonly balancer: Balancer;
  /** The file, as HAProxy sees it. */
  readonly path: string;
  /** Command for the shell of the host; undefined: found out there. */
  readonly reload: string | undefined;
  readonly text: string;
  /** The hosts whose containers are behind it. */
  readonly behind: readonly string[];
  /** How many HAProxys get theirs at the same time. */
  readonly serial: Serial;
}

/** A push that has begun on a host and not ended, with what to do about it. */
export function explainPush({
  path,
  by,
  at,
  run,
}: {
  readonly path: string;
  readonly by: string;
  readonly at: string;
  readonly run: string;
}): string {
  return `the push of ${path} by ${by} at ${at} (run ${run}) has not ended: bring it to its end with "sluice haproxy push"`;
}
