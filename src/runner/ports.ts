/**
 * What the runner needs from the outside, in the runner's own words. Adapters implement these; nothing of ssh2,
 * dockerode or HAProxy's command language shows in them. Every call has a time limit of its own and throws a
 * `Failure` that names the host; a call is never repeated by an adapter.
 */
import type { FoundLock, LockOwner } from '../rollout/lock.ts';
import type { ContainerSpec, PullPolicy } from '../rollout/container-spec.ts';
import type { AdminState, BalancerPlace, DrainPolicy, Probe, ReadyCheck, Server, Standing } from '../rollout/model.ts';
import type { BackendState, Container, Image, ServerCounters, SettingChange } from '../rollout/observed.ts';
import type { Question } from '../rollout/questions.ts';

export type { FoundLock, LockOwner } from '../rollout/lock.ts';
export type {
  BackendState,
  Container,
  Health,
  Image,
  ServerCounters,
  ServerState,
  SettingChange,
} from '../rollout/observed.ts';

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
  /** One cheap look at the counters of all servers of a backend; an unknown one has none. */
  counters(backend: string): Promise<readonly ServerCounters[]>;
  setWeight(server: Server, weight: number): Promise<void>;
  setAdmin(server: Server, admin: AdminState): Promise<void>;
  /**
   * Ends maintenance, in one command with a demand for fresh health: the server is DOWN until its checks
   * have passed `rise` times from now on. Without a check it is UP at once.
   */
  setReadyWhenProven(server: Server): Promise<void>;
  /** Makes its agent-check speak, or keep silent until it is made to speak again. */
  setAgent(server: Server, isEnabled: boolean): Promise<void>;
  /**
   * What reloads have left behind, whenever that was, and what it has for this server. Undefined when it cannot be
   * known: there is no master's socket, and the process is not to be seen on the host.
   */
  oldWorkers(server: Server): Promise<readonly OldWorker[] | undefined>;
  /** Whether an HAProxy process of that id runs where this one does. */
  processRuns(pid: number): Promise<boolean>;
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
  create(name: string, spec: ContainerSpec, like: string | undefined): Promise<void>;
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
  createFrom(name: string, snapshot: string): Promise<void>;
  /** Why what was put into the container of `snapshot` cannot be had any more; undefined when it can. */
  lostOf(snapshot: string): Promise<string | undefined>;
  /** Whether files were put into container `name` that no other one on the host has. */
  holdsAlone(name: string): Promise<boolean>;
  /** Whether container `name` has the image, whatever it is called, and the settings that `snapshot` tells of. */
  isAsIn(name: string, snapshot: string): Promise<boolean>;
  start(name: string): Promise<void>;
  /** Asks it to stop, kills it after its own stop grace; nothing to do for one that does not run. */
  stop(name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes it, stopped or not; its volumes stay. */
  remove(name: string): Promise<void>;
  setRestart(name: string, restart: Container['restart']): Promise<void>;
  /** The last lines of its log, both streams. */
  logs(name: string, lines: number): Promise<readonly string[]>;
  exec(name: string, command: readonly string[], withinMs: number): Promise<CommandResult>;
}

export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** One server taken out of service: what to put back, by whom and why it was taken out. */
export interface RecordEntry {
  readonly kind: 'rollout' | 'drain';
  readonly server: Server;
  readonly standing: Standing;
  /** Whether HAProxy saw it UP: what was not so need not be made so. */
  readonly wasUp: boolean;
  /** `user@machine` of whoever did it. */
  readonly by: string;
  readonly note: string;
  /** RFC 3339. */
  readonly at: string;
  readonly run: string;
  /** Its agent-check was enabled: it is made to speak again when the server is put back. */
  readonly agent?: boolean | undefined;
  /** For a rollout: the instance's container, and the name its predecessor waits under. */
  readonly container?: string | undefined;
  readonly aside?: string | undefined;
  /** The predecessor as it was found: its restart policy is `no` while it waits. */
  readonly old?:
    | (Pick<Container, 'id' | 'restart' | 'running'> & {
        /** It would have passed the instance's own checks. */
        readonly wasReady: boolean;
      })
    | undefined;
  /** How the instance proves itself, and how long its requests may take. */
  readonly ready?: ReadyCheck | undefined;
  readonly drain?: DrainPolicy | undefined;
}

/** What must be undone on a host, kept on the host itself. Written durably and whole, or not at all. */
export interface HostRecord {
  read(): Promise<readonly RecordEntry[]>;
  /** Replaces the record; an empty one is removed. */
  write(entries: readonly RecordEntry[]): Promise<void>;
}

/** What a run found under one container's name. */
export interface Archived {
  /** How to make it again; undefined when nothing was there. */
  readonly old: { readonly image: Omit<Container['image'], 'hasHealthcheck'>; readonly snapshot: string } | undefined;
  /** The id of the container that the run put there; undefined as long as it has not. */
  readonly made: string | undefined;
}

/**
 * What the last five runs have replaced on a host, kept on the host itself, so that a container can be made again when
 * it is gone. Written durably and whole, or not at all. `run` is a run's id, `container` a container's name; anything
 * that is neither is refused with Failure `error`.
 */
export interface HostArchive {
  /** Saves what `run` has found, once: what is saved already stays. Drops what is older than the last five runs. */
  save(run: string, container: string, old: Archived['old']): Promise<void>;
  /** Notes the id of the container that `run` has put in its place. */
  noteMade(run: string, container: string, id: string): Promise<void>;
  /** Undefined when nothing was saved, or not any more. */
  load(run: string, container: string): Promise<Archived | undefined>;
  /** The runs that something is saved of, oldest first. */
  runs(): Promise<readonly string[]>;
}

/** A host that is ours, for as long as the command that holds its lock hears our heartbeats. */
export interface Lock {
  /** The lock of a run that died, in whose place we wait: `lock.json` is still theirs until we `claim` it. */
  readonly dead: FoundLock | undefined;
  /** Aborts when the lock was lost: the command that held it has ended. */
  readonly lost: AbortSignal;
  /**
   * Whether the host is ours at this moment beyond doubt, known without asking it: a heartbeat was answered less than
   * half the ttl ago, by a clock that goes on while this machine sleeps.
   */
  isSure(): boolean;
  /** Puts our name into `lock.json`, in place of the dead one's. */
  claim(): Promise<void>;
  /** Removes `lock.json`, unless it is a dead one's that was not claimed, and frees the lock. */
  release(): Promise<void>;
}

/** What came of an attempt at a lock: it is ours, or this one is in the way. */
export type Taking = { readonly lock: Lock } | { readonly inTheWay: FoundLock };

/**
 * The lock of one host: `lock.json` says whose it is, a kernel lock whether they live. Nothing here waits for another
 * run to let go.
 */
export interface HostLock {
  /** Looks only. Undefined: nobody holds the host. */
  look(): Promise<FoundLock | undefined>;
  /** Takes it for a run. Our own, from a connection that broke, is no obstacle. */
  take(owner: LockOwner): Promise<Taking>;
  /**
   * Takes it once more after it had become unsure: only while `lock.json` is still ours, for then nobody else has had
   * the host meanwhile.
   *
   * @throws Failure `locked` when it is not, `unreachable` when the host cannot be asked
   */
  retake(owner: LockOwner): Promise<Lock>;
  /** Holds it on purpose: nothing needs to live for that. Undefined when done, else what is in the way. */
  hold(owner: LockOwner): Promise<FoundLock | undefined>;
  /**
   * Removes the lock that was found, if it is still there: one that is dead, or held on purpose; with `force` also a
   * live one, whose holder on the host is ended. Undefined when done, else what is in the way now.
   *
   * @throws Failure `error` when the holder cannot be ended
   */
  free(found: FoundLock, force: boolean): Promise<FoundLock | undefined>;
}

/** Everything sluice does on one host. */
export interface HostAccess {
  readonly name: string;
  readonly containers: Containers;
  readonly record: HostRecord;
  readonly archive: HostArchive;
  balancer(place: BalancerPlace): LoadBalancer;
  /** Does one HTTP or TCP probe, from the host's point of view. */
  probe(probe: Exclude<Probe, { kind: 'command' }>, withinMs: number): Promise<ProbeResult>;
  /** The first of these paths that is a socket on the host, or in this container of it; or undefined. */
  firstSocket(paths: readonly string[], container?: string): Promise<string | undefined>;
  readonly lock: HostLock;
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
