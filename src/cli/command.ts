/** What an operator can ask for, as plain data. */
import type { Transport } from '../rollout/ssh-request.ts';
import type { DrainPolicy } from '../rollout/model.ts';
import type { Locking } from '../runner/hosts/held-hosts.ts';
import type { MaintainRequest } from '../runner/maintenance/maintain-plan.ts';
import type { NamedPlace } from '../runner/preflight/sockets.ts';
import type { Hold } from './hold-options.ts';
import type { Pacing } from './pacing.ts';
import type { VaultSource } from './vault-options.ts';

export interface Connection {
  readonly user: string | undefined;
  readonly privateKey: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly configFile: string | undefined;
  readonly transport: Transport | undefined;
  readonly hostKeyChecking: 'yes' | 'accept-new' | 'no' | undefined;
}

export type LockAction = 'list' | 'take' | 'release' | 'break';

export interface Common {
  readonly inventory: readonly string[];
  readonly limit: string | undefined;
  readonly forks: number;
  readonly connection: Connection;
  readonly json: boolean;
  readonly verbosity: number;
  readonly yes: boolean;
  readonly locking: Pick<Locking, 'waitMs' | 'takeOver'>;
  readonly vault: readonly VaultSource[];
}

export type InventoryView =
  | { readonly show: 'list' }
  | { readonly show: 'host'; readonly host: string }
  | { readonly show: 'graph'; readonly group: string; readonly vars: boolean };

/** Images that come from this machine rather than from a registry. */
export interface Loading {
  /** Archives as `docker save` writes them. */
  readonly files: readonly string[];
  /** All others come from the Docker Engine of this machine. */
  readonly fromEngine: boolean;
}

export interface ShowingPlan {
  readonly diff: boolean;
  readonly detailedExitcode: boolean;
}

export interface Playing extends ShowingPlan {
  readonly playbook: string;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly extraVars: readonly string[];
  readonly force: boolean;
  readonly pacing: Pacing;
  readonly loading: Loading;
  readonly pullsPerHost: number;
}

/** `haproxy render`, `diff` and `push`. */
export interface ConfigAction {
  readonly name: 'haproxy';
  readonly action: 'render' | 'diff' | 'push';
  readonly playbook: string;
  readonly extraVars: readonly string[];
  readonly detailedExitcode: boolean;
  readonly serial: string | undefined;
}

/** `haproxy show`, `weights`, `sessions` and `exec`. */
export interface RuntimeAction {
  readonly name: 'haproxy';
  readonly action: 'show' | 'weights' | 'sessions' | 'exec';
  readonly pattern: string;
  readonly place: NamedPlace;
  /** Weights to set, or the command. */
  readonly words: readonly string[];
}

/** Of `maintain`. */
export interface Maintaining extends Pick<
  MaintainRequest,
  'serial' | 'work' | 'needsRoot' | 'policy' | 'minUp' | 'commandWithinMs' | 'backWithinMs' | 'onFailure'
> {
  readonly pattern: string;
  readonly place: NamedPlace;
  readonly balancerHosts: string | undefined;
  readonly check: boolean;
}

export type Command =
  | ({ readonly name: 'rollout'; readonly check: boolean } & Common & Playing)
  | ({ readonly name: 'plan' } & Common & Playing)
  | ({
      readonly name: 'rollback';
      /** A run's id or how it begins; undefined: the last rollout of this machine. */
      readonly run: string | undefined;
      readonly serial: string | undefined;
      readonly force: boolean;
      readonly check: boolean;
      readonly pacing: Pacing;
      readonly pullsPerHost: number;
      /** What counts when neither the command line nor the run names an inventory. */
      readonly environmentInventory: readonly string[];
    } & Common &
      ShowingPlan)
  | ({
      readonly name: 'drain';
      readonly pattern: string;
      readonly servers: readonly string[];
      readonly place: NamedPlace;
      readonly balancerHosts: string | undefined;
      readonly policy: DrainPolicy;
      readonly note: string;
      /** Undefined: they stay out until somebody restores them. */
      readonly hold: Hold | undefined;
    } & Common)
  | ({
      readonly name: 'restore';
      readonly pattern: string;
      readonly servers: readonly string[];
      /** Only what was drained for a time that is over. */
      readonly expired: boolean;
      /** Hosts of HAProxys that are gone for good. */
      readonly forget: readonly string[];
    } & Common)
  | ({
      readonly name: 'recover';
      readonly pattern: string;
      /** Hosts of HAProxys that are gone for good. */
      readonly forget: readonly string[];
    } & Common)
  /** What a `blue-green` rollout has kept serves again, or ends before its time. */
  | ({ readonly name: 'switch-back' | 'retire'; readonly pattern: string } & Common)
  | ({ readonly name: 'maintain' } & Common & Maintaining)
  | ({
      readonly name: 'resume';
      /** Its id, the beginning of it; undefined: the last rollout that did not end done. */
      readonly run: string | undefined;
      readonly extraVars: readonly string[];
      readonly skipFailed: boolean;
      /** Also when it cannot be told whether the run died. */
      readonly force: boolean;
      /** Accept that playbook or inventory say otherwise than when the run began. */
      readonly changed: boolean;
      readonly pacing: Pacing;
      readonly loading: Loading;
      readonly pullsPerHost: number;
    } & Omit<Common, 'inventory' | 'limit' | 'forks'>)
  | ({
      readonly name: 'lock';
      readonly action: LockAction;
      readonly pattern: string;
      readonly note: string;
      readonly force: boolean;
    } & Common)
  | (ConfigAction & Common)
  | (RuntimeAction & Common)
  | ({ readonly name: 'doctor'; readonly pattern: string; readonly place: NamedPlace } & Common)
  | ({ readonly name: 'hosts'; readonly action: 'trust'; readonly pattern: string } & Common)
  | {
      readonly name: 'inventory';
      readonly view: InventoryView;
      readonly inventory: readonly string[];
      readonly playbookDir: string;
      readonly vault: readonly VaultSource[];
    }
  | { readonly name: 'history'; readonly number: number; readonly json: boolean }
  | { readonly name: 'show'; readonly run: string; readonly json: boolean }
  | ({
      readonly name: 'status';
      readonly pattern: string;
      readonly place: NamedPlace;
      readonly balancerHosts: string | undefined;
    } & Common);

/** Those that reach hosts. */
export type HostsCommand = Extract<Command, Common>;
