import type { Instance } from './model.ts';
import type { Policy } from './policy.ts';
import type { Serial } from './serial.ts';

/** The instances of one host, in the order in which they are replaced. */
export interface HostPlay {
  readonly host: string;
  readonly instances: readonly Instance[];
}

/** Who asks a registry, as the playbook says it. */
export interface RegistryLogin {
  /** `host` or `host:port`. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** One play with everything filled in: which instances of which hosts, and at what pace. */
export interface Play {
  readonly name: string;
  readonly hosts: readonly HostPlay[];
  readonly serial: Serial;
  /**
   * A limit is exceeded when more than this percentage of the hosts of a batch failed; 0–100. Undefined: a batch by
   * itself has no limit.
   */
  readonly maxFailPercentage: number | undefined;
  readonly policy: Policy;
  readonly registries?: readonly RegistryLogin[];
}
