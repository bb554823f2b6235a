/**
 * What the runner needs from the outside, in the runner's own words. Adapters implement these; nothing of ssh2,
 * dockerode or HAProxy's command language shows in them. Every call has a time limit of its own and throws a
 * `Failure` that names the host; a call is never repeated by an adapter.
 */
import type { ContainerSpec, PullPolicy } from '../../rollout/container-spec.ts';
import type { AdminState, BalancerPlace, Probe, Server } from '../../rollout/model.ts';
import type { BackendState, Container, Image, ServerCounters, SettingChange } from '../../rollout/observed.ts';
import type { Question } from '../../rollout/questions.ts';
import type { Weights } from '../../rollout/weights.ts';
import type { PushRecord } from './config-port.ts';
import type { Asking, CommandEnd, CommandRequest, Commands } from './commands.ts';
import type { HostJobs } from './jobs.ts';
import type { HostArchive, HostLock, HostRecord } from './host-state.ts';

export type { FoundLock, LockOwner } from '../../rollout/lock.ts';
export type { Archived, HostArchive, HostLock, HostRecord, Lock, RecordEntry, Taking } from './host-state.ts';
export type {
  BackendState,
  Container,
  Health,
  Image,
  ServerCounters,
  ServerState,
  SettingChange,
} from '../../rollout/observed.ts';
export type { Weights } from '../../rollout/weights.ts';

/**
 * Makes certain that the host is still ours, or fails. A method that looks first asks it again right before the request
 * that changes something: the controller may have been frozen in between.
 */
export type Sure = () => Promise<void>;

/** Time, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds from an arbitrary origin; only differences mean anything. */
  now(): number;
  /** The time of day, for what people and records are told. */
  date(): Date;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects: the caller looks at its signal. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What happened in this run, kept where it survives the run. */
export interface Journal {
  /**
   * Resolves once everything reported before this call is on the disk.
   *
   * @throws Failure `error` when it cannot be written, then and for the rest of the run
   */
  settled(): Promise<void>;
}

export interface BalancerFacts {
  /** For example `2.6.12-1+deb12u4`. */
  readonly version: string;
  readonly level: 'admin' | 'operator' | 'user';
}

/** One cheap look at one server, for polling. */
export interface ServerLook {
  readonly pid: number;
  readonly current: number;
  readonly queued: number;
  /** Connection errors and retries since HAProxy started: while they move, a request may be in no counter. */
  readonly retries: number;
  readonly status: string;
  readonly isUp: boolean;
  readonly weight: number;
  readonly admin: AdminState;
  readonly lastCheck: string;
}

/** Who holds a server during a drain. */
export interface Session {
  readonly source: string;
  readonly ageSeconds: number;
}

/** A process that a reload has left behind, which takes nothing new but still serves what it has. */
export interface OldWorker {
  readonly pid: number;
  /**
   * Requests that it has for the server asked about, in hand and queued, and clients of it that no server was chosen
   * for yet. Undefined when it cannot be counted: then it counts until it has ended.
   */
  readonly current: number | undefined;
}

/** One HAProxy process, through its runtime API. Changes are read back before they count as done. */
export interface LoadBalancer {
  facts(): Promise<BalancerFacts>;
  /** All backends that have servers, or only `backend`; an unknown one is absent from the answer. */
  backends(backend?: string): Promise<readonly BackendState[]>;
  look(server: Server): Promise<ServerLook>;
  /**
   * Whether anything is attached to a server in maintenance: what `look` counts, and a request between two tries, which
   * no counter shows. Undefined: HAProxy does not tell, as before 3.0, and of one that its configuration points to.
   */
  isHeld(server: Server): Promise<boolean | undefined>;
  /** What weights mean to the algorithm of a backend. */
  takesWeights(backend: string): Promise<Weights>;
  /** One cheap look at the counters of all servers of a backend; an unknown one has none. */
  counters(backend: string): Promise<readonly ServerCounters[]>;
  setWeight(server: Server, weight: number, sure?: Sure): Promise<void>;
  setAdmin(server: Server, admin: AdminState): Promise<void>;
  /**
   * Ends maintenance, in one command with a demand for fresh health: the server is DOWN until its checks
   * have passed `rise` times from now on. Without a check it is UP at once.
   */
  setReadyWhenProven(server: Server, sure?: Sure): Promise<void>;
  /** Makes its agent-check speak, or keep silent until it is made to speak again. */
  setAgent(server: Server, isEnabled: boolean): Promise<void>;
  /**
   * What reloads have left behind, whenever that was, and what it has for this server. Undefined when it cannot be
   * known: there is no master's socket, and the process is not to be seen on the host.
   */
  oldWorkers(server: Server): Promise<readonly OldWorker[] | undefined>;
  /** Whether an HAProxy process of that id runs where this one does. */
  processRuns(pid: number): Promise<boolean>;
  /** The oldest first. */
  sessions(server: Server): Promise<readonly Session[]>;
  shutdownSessions(server: Server): Promise<void>;
}

/** An image that may not be on the host yet: what the registry says of it. */
export interface RemoteImage {
  readonly digest: string;
}

export interface PullRequest {
  readonly reference: string;
  readonly policy: PullPolicy;
  readonly platform?: string | undefined;
  /** What the plan has settled on: these bytes get the name, whatever the registry calls so by now. */
  readonly digest?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** Bytes, of the layers that are known so far. */
export interface PullProgress {
  readonly current: number;
  readonly total: number;
  /** Why it has begun anew; undefined as long as all goes well. */
  readonly again?: string | undefined;
}

/** An image that this machine sends to the hosts itself. */
export interface LoadableImage {
  /** Of its configuration: what most Engines know it by. */
  readonly id: string;
  /** All that an Engine may know it by. */
  readonly ids: readonly string[];
  /** Where it is, for people. */
  readonly from: string;
  readonly bytes: number;
  /** An archive that has it alone, under the name the plays have for it. Text: why it cannot be had any more. */
  readonly open: (() => AsyncIterable<Uint8Array>) | string;
}

/** By the references that the plays have. */
export type Loads = ReadonlyMap<string, LoadableImage>;

export interface LoadRequest {
  readonly reference: string;
  readonly image: LoadableImage;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
}

export interface Prospects {
  /** What stands in the way, each completing "Cannot create it: …". */
  readonly inTheWay: readonly string[];
  /** What is made for it, such as "network shop_default". */
  readonly made: readonly string[];
}

/** The Docker Engine of one host. Containers are known by name. */
export interface Containers {
  /** The Engine's version. */
  version(): Promise<string>;
  list(): Promise<readonly Container[]>;
  inspect(name: string): Promise<Container | undefined>;
  /** The image on the host, or undefined. */
  image(reference: string): Promise<Image | undefined>;
  /** What the registry has under this name now, without fetching it. */
  remoteImage(reference: string): Promise<RemoteImage>;
  /** Makes sure that the image is on the host, as its policy says, and tells which it is. */
  pull(request: PullRequest): Promise<Image>;
  /** Makes sure that the host has this very image, and calls it so; sends it where it does not. */
  load(request: LoadRequest): Promise<Image>;
  /** What creating a container such as `spec` meets on the host. */
  prospects(spec: ContainerSpec): Promise<Prospects>;
  /** The declared settings, other than the image, that container `name` does not have. */
  changes(name: string, spec: ContainerSpec): Promise<readonly SettingChange[]>;
  /** Creates, without starting, `name` from `spec`; where `spec` says nothing it is like container `like`. */
  create(name: string, spec: ContainerSpec, like: string | undefined, sure?: Sure): Promise<void>;
  /**
   * How container `name` was created, settings and image, as text that only `createFrom` and its like read. Equal for
   * containers created alike; it may hold secrets, but not what is in files that were put into it.
   */
  snapshot(name: string): Promise<string>;
  /**
   * Creates, without starting, `name` exactly as the container of which `snapshot` was taken. Its image must be on the
   * host; it is called what it was called, as long as that name still means the same image. Files that were put into it
   * are taken out of whichever container has them.
   */
  createFrom(name: string, snapshot: string, sure?: Sure): Promise<void>;
  /** Why what was put into the container of `snapshot` cannot be had any more; undefined when it can. */
  lostOf(snapshot: string): Promise<string | undefined>;
  /** Whether files were put into container `name` that no other one on the host has. */
  holdsAlone(name: string): Promise<boolean>;
  /** Whether container `name` has the image, whatever it is called, and the settings that `snapshot` tells of. */
  isAsIn(name: string, snapshot: string): Promise<boolean>;
  start(name: string): Promise<void>;
  /** Asks it to stop, kills it after its own stop grace; nothing to do for one that does not run. */
  stop(name: string, sure?: Sure): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes it, stopped or not; its volumes stay. */
  remove(name: string): Promise<void>;
  setRestart(name: string, restart: Container['restart']): Promise<void>;
  /** The last lines of its log, both streams. */
  logs(name: string, lines: number): Promise<readonly string[]>;
  /** Looks by a command. One that takes too long is `late`, and is ended, unless the container has no shell. */
  exec(name: string, command: readonly string[], withinMs: number): Promise<CommandResult>;
  /** As `Commands.run`, in container `name`; its own environment is there too. */
  run(name: string, request: CommandRequest): Promise<CommandEnd>;
}

/** The machine itself, as it is at this moment. */
export interface HostSystem {
  /** What its clock shows, to the second: one clock for all who come to the host. */
  readonly now: Date;
  /** Another one after each boot. */
  readonly bootId: string;
  /** Whether what is run there is run as root. */
  readonly isRoot: boolean;
}

export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** Everything sluice does on one host. */
export interface HostAccess extends Commands, Asking {
  readonly name: string;
  readonly containers: Containers;
  readonly record: HostRecord;
  readonly archive: HostArchive;
  balancer(place: BalancerPlace): LoadBalancer;
  /** Does one HTTP or TCP probe, from the host's point of view. */
  probe(probe: Exclude<Probe, { kind: 'command' }>, withinMs: number): Promise<ProbeResult>;
  system(): Promise<HostSystem>;
  /** Pushes of the configuration of HAProxys here that have begun and not ended. */
  pushes(): Promise<readonly PushRecord[]>;
  /** Its own addresses, as others may know it by; none of the loopback. */
  addresses(): Promise<readonly string[]>;
  /** The first of these paths that is a socket on the host, or in this container of it; or undefined. */
  firstSocket(paths: readonly string[], container?: string): Promise<string | undefined>;
  readonly lock: HostLock;
  readonly jobs: HostJobs;
}

export interface Fleet {
  /** @throws Failure `unreachable` */
  host(name: string): Promise<HostAccess>;
  close(): Promise<void>;
}

/** Whoever started the run, if there is anybody to ask. */
export interface Operator {
  readonly isThere: boolean;
  /**
   * Asks until the answer is one that the question knows.
   *
   * @returns undefined when there is nobody (any more), or once `signal` aborts
   */
  ask<Answer>(question: Question<Answer>, signal: AbortSignal): Promise<Answer | undefined>;
}
