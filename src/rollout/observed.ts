/** What was seen of the fleet: plain data, taken by the adapters, judged by the plan. */
import type { Healthcheck } from './container-spec.ts';
import type { Balancer, Server, Standing } from './model.ts';

/** One server as its balancer has it, in full. */
export interface ServerState extends Standing {
  readonly server: Server;
  /** The weight of the configuration file. */
  readonly initialWeight: number;
  /** HAProxy's word: `UP`, `DOWN 1/2`, `MAINT`, `no check` … */
  readonly status: string;
  readonly isUp: boolean;
  readonly isBackup: boolean;
  readonly hasCheck: boolean;
  /** Its agent-check is enabled, which may overwrite weight and state at any moment. */
  readonly hasAgent: boolean;
  /** `backend/server` whose state this one follows, or undefined. */
  readonly tracks: string | undefined;
  /** Last check's result, as HAProxy codes it (`L7OK`, `L4CON` …), with its text; empty when unknown. */
  readonly lastCheck: string;
  /** Where its requests go; empty when unknown. */
  readonly address: string;
  readonly port: number;
  /** Requests in hand and in this server's queue. */
  readonly current: number;
  readonly queued: number;
}

/**
 * Whether it is UP by a check, or is not checked at all. A worker takes a server for UP until its first check there, which
 * may be `inter` away: `INI`, seen from 2.4 to 3.4.
 */
export function isSeenUp({ isUp, lastCheck }: Pick<ServerState, 'isUp' | 'lastCheck'>): boolean {
  return isUp && !lastCheck.startsWith('INI');
}

/**
 * What became of the requests of one server since its HAProxy process started, or since somebody cleared the counters.
 * The three kinds of errors do not overlap.
 */
export interface ServerCounters {
  readonly server: Server;
  readonly pid: number;
  /** HAProxy's word, as in `ServerState`. */
  readonly status: string;
  readonly isUp: boolean;
  readonly lastCheck: string;
  /** Requests that have ended, well or not; in TCP mode, connections given to it. */
  readonly requests: number;
  /** Answers of the server with a status of 5xx; 0 in TCP mode. */
  readonly serverErrors: number;
  /** Connections to it that could not be made, after all retries. */
  readonly connectionErrors: number;
  /** Requests that it left without a whole answer: it closed, broke off or was too late. */
  readonly responseErrors: number;
}

export interface BackendState {
  readonly balancer: Balancer;
  readonly name: string;
  /** `roundrobin`, `source` … ; empty when HAProxy does not say. */
  readonly algorithm: string;
  /** Requests waiting for any server. */
  readonly queued: number;
  readonly servers: readonly ServerState[];
}

export interface Image {
  /** Content id of the configuration, `sha256:…`: what containers refer to. */
  readonly id: string;
  /** Registry digests `sha256:…` under which it is known here; none for an image that came from no registry. */
  readonly digests: readonly string[];
  /** Undefined where it has none. */
  readonly healthcheck: Healthcheck | undefined;
}

export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

export interface Container {
  readonly id: string;
  readonly name: string;
  /** The reference it was created with, and the content it runs. */
  readonly image: { readonly reference: string } & Image;
  readonly running: boolean;
  /** Docker's word: `running`, `exited`, `restarting` … */
  readonly status: string;
  readonly exitCode: number;
  readonly restartCount: number;
  /** RFC 3339; changes with every start. */
  readonly startedAt: string;
  readonly health: Health;
  /** What of its healthcheck is not that of its image: a container that replaces it keeps that. */
  readonly ownHealthcheck?: Healthcheck | undefined;
  /** Output of the last healthcheck, trimmed; empty when there was none. */
  readonly healthOutput: string;
  /** Started with `--rm`: it is gone once it stops. */
  readonly isAutoRemoved: boolean;
  readonly restart: { readonly name: string; readonly maximumRetryCount: number };
  /** Its ports of the host, none of them for UDP, for finding the servers that point here. */
  readonly published: readonly PublishedAt[];
}

export interface PublishedAt {
  /** Empty, or `0.0.0.0` or `::`, for all addresses of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Stands for the value before, where there was none. */
export const NOT_SET = '(not set)';

/** One setting that differs between what runs and what is declared; texts for people. */
export interface SettingChange {
  readonly setting: string;
  readonly from: string;
  readonly to: string;
}
