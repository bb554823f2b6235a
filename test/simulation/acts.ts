/** What somebody asks sluice for. `rollback` is of the last rollout, `resume` of the last one that is not done. */
export type Command =
  | ('rollout' | 'resume' | 'rollback' | 'recover' | 'drain' | 'restore' | 'switch-back' | 'retire' | 'maintain')
  | 'haproxy push';

/**
 * What a configuration has that the one from the beginning has not: nothing but its comment, other weights, one server
 * more, one that is DOWN with it; or what HAProxy refuses, starts no worker with, or is not led through another to.
 */
export const CONFIGS = ['commented', 'reweighted', 'more', 'down', 'refused', 'unstartable', 'stateful'] as const;

/** One command of a story and who gives it when: data, so that a story can be kept, and shortened. */
export interface Act {
  readonly command: Command;
  /** The number of its controller, by which the faults name it. */
  readonly by: number;
  /** Beside whoever is at work so long after the beginning; undefined: when those before it are over. */
  readonly atMs?: number;
  /** Once the disasters are over; nothing but the faults of its own calls hinders it. */
  readonly isCalm?: boolean;
  /** Of this host alone, by its number, counted from the end if negative; undefined: of all. */
  readonly host?: number;
  /** Of a drain: this server alone. */
  readonly server?: string;
  /** Of a drain: for how long, in milliseconds. */
  readonly forMs?: number;
  /** Of a restore: only what was drained for a time that is over. */
  readonly isExpired?: boolean;
  /** Of a recover or a restore: the host of an HAProxy that is gone for good. */
  readonly forget?: string;
  /** Of a maintenance: the command, whether hosts are rebooted, and what becomes of their containers meanwhile. */
  readonly line?: string;
  readonly isRebooting?: boolean;
  readonly containers?: 'keep' | 'stop';
  /** Of a push: what it gives HAProxy. */
  readonly config?: (typeof CONFIGS)[number];
  /** `--force` */
  readonly isForced?: boolean;
  /** `--take-over`, and `--lock-wait` in milliseconds. */
  readonly takeOver?: boolean;
  readonly waitMs?: number;
}

export function actText({ command, by, atMs, isCalm, ...how }: Act): string {
  const when = atMs === undefined ? (isCalm ? 'after the disasters' : 'in its turn') : `after ${atMs} ms`;
  const options = Object.entries(how).map(([name, value]) => `, ${name} ${String(value)}`);
  return `${command} by controller ${by} ${when}${options.join('')}`;
}
