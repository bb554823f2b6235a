import type { AtOnce } from './at-once.ts';
import type { HostPoint, Hooks, PlayHooks } from './hooks.ts';
import { serversOf, type FrontTier, type Instance, type Server } from './model.ts';
import type { OnFailure, Policy, Share } from './policy.ts';
import type { Serial } from './serial.ts';

/** The instances of one host, in the order in which they are replaced. */
export interface HostPlay {
  readonly host: string;
  readonly instances: readonly Instance[];
  readonly hooks?: Hooks<HostPoint> | undefined;
  /** Where it is taken out of service as a whole, while anything on it is touched. */
  readonly front?: FrontTier | undefined;
  /** As `zone a`: a batch has only hosts of which this is the same. */
  readonly group?: string | undefined;
}

/** All servers that requests to a host come from. */
export function serversBefore({ instances, front }: Pick<HostPlay, 'instances' | 'front'>): readonly Server[] {
  return [...instances.flatMap(serversOf), ...(front?.servers ?? [])];
}

/** The hosts of the instances, and of the balancers of their servers, and of those in front of them. */
export function touchedBy(plays: readonly { readonly hosts: readonly HostPlay[] }[]): string[] {
  const hosts = plays.flatMap((play) => play.hosts);
  const balancers = hosts.flatMap(serversBefore).map(({ balancer }) => balancer.host);
  return [...hosts.map(({ host }) => host), ...balancers];
}

/** Who asks a registry, as the playbook says it. */
export interface RegistryLogin {
  /** `host` or `host:port`. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** How what a play has done is taken back. */
export interface Back {
  /** Undefined: in batches as large as its own were. */
  readonly serial?: Serial | undefined;
  /** Between two batches, in milliseconds. */
  readonly pauseMs: number;
  /** It is never rolled back itself. */
  readonly onFailure: Exclude<OnFailure, 'rollback'>;
  /** Undefined: the first failed host is one too many. */
  readonly maxFailures?: Share | undefined;
}

/** One play with everything filled in: which instances of which hosts, and at what pace. */
export interface Play {
  readonly name: string;
  readonly hosts: readonly HostPlay[];
  readonly serial: Serial;
  /** Undefined: one instance of each host of a batch. */
  readonly atOnce?: AtOnce | undefined;
  /**
   * A limit is exceeded when more than this percentage of the hosts of a batch failed; 0–100. Undefined: a batch by
   * itself has no limit.
   */
  readonly maxFailPercentage: number | undefined;
  readonly policy: Policy;
  readonly hooks?: PlayHooks | undefined;
  /** Undefined: in its own batches, and the first failed host ends it. */
  readonly back?: Back | undefined;
  readonly registries?: readonly RegistryLogin[];
}
