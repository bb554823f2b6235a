import type { HostSummary, Report } from '../rollout/events.ts';
import type { RunEnd } from '../rollout/verdict.ts';
import type { Asking, Commands } from './ports/commands.ts';
import type { Clock, Fleet, Journal, Loads, Operator } from './ports/ports.ts';
import type { Stop } from './instance/advance.ts';
import type { Locking } from './hosts/held-hosts.ts';
import type { RunIdentity } from './instance/work.ts';

/** What every run is given: the fleet, time, whom to tell, and how it may be stopped. */
export interface RunContext {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly report: Report;
  readonly journal: Journal;
  /** The machine that the run is started from. */
  readonly controller: Commands & Asking;
  readonly hide: (text: string) => string;
  readonly stop: Stop;
  readonly identity: RunIdentity;
  readonly operator: Operator;
  /** How many hosts are worked on at the same time. */
  readonly forks: number;
  readonly locking: Locking;
  /** Images that come from this machine rather than from a registry. */
  readonly loads?: Loads | undefined;
  /** From 0 up to 1, by chance; handed in so that what was can be repeated. */
  readonly random: () => number;
}

/** What a run came to. */
export interface RunResult {
  readonly end: RunEnd;
  /** Why the run itself went no further, where it did not. */
  readonly why?: string | undefined;
  /** The hook after it that has failed, and how, where nothing else has. */
  readonly hook?: string | undefined;
  readonly hosts: readonly HostSummary[];
}
