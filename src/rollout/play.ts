import type { Instance } from './model.ts';
import type { Serial } from './serial.ts';

/** The instances of one host, in the order in which they are replaced. */
export interface HostPlay {
  readonly host: string;
  readonly instances: readonly Instance[];
}

/** One play with everything filled in: which instances of which hosts, and at what pace. */
export interface Play {
  readonly name: string;
  readonly hosts: readonly HostPlay[];
  readonly serial: Serial;
  /** The rollout stops after a batch in which more than this percentage of the hosts failed; 0–100. */
  readonly maxFailPercentage: number;
}
