/** What sluice keeps on a host: what is to be undone there, what it has replaced, and whose the host is. */
import type { FoundLock, LockOwner } from '../../rollout/lock.ts';
import type { DrainPolicy, Only, ReadyCheck, Server, Standing } from '../../rollout/model.ts';
import type { Container } from '../../rollout/observed.ts';

/** One server taken out of service: what to put back, by whom and why it was taken out. */
export interface RecordEntry {
  /**
   * `front`: of a rollout, at the tier in front of the whole host. `kept`: a `blue-green` rollout is done, and its
   * predecessor runs on while nothing reaches it.
   */
  readonly kind: 'rollout' | 'front' | 'kept' | 'drain' | 'maintain';
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
  /** Of a drain: until when it is meant, by the clock of the host (RFC 3339); undefined: until somebody restores it. */
  readonly until?: string | undefined;
  /** Its agent-check was enabled: it is made to speak again when the server is put back. */
  readonly agent?: boolean | undefined;
  /** Of a maintenance: the containers that ran on the host, and are to run again. */
  readonly running?: readonly string[] | undefined;
  /** For a rollout: the instance's container, and the name its predecessor waits under. */
  readonly container?: string | undefined;
  readonly aside?: string | undefined;
  /** The predecessor as it was found: its restart policy is `no` while it waits. */
  readonly old?:
    | (Pick<Container, 'id' | 'restart' | 'running'> & {
        /** It would have passed the instance's own checks. */
        readonly wasReady: boolean;
        /** When it had been started; of one that stays. */
        readonly startedAt?: string | undefined;
      })
    | undefined;
  /**
   * The container stays, and this alone is done. `begun` once it may have been told to stop, or the command may have been
   * run; `done` once the command has ended well.
   */
  readonly only?: { readonly what: Only; readonly progress: 'planned' | 'begun' | 'done' } | undefined;
  /**
   * It goes together with all other instances of its run that are recorded with this on the host. `committed`: their new
   * containers stay, whatever happens; `keep`: and so many of the old ones.
   */
  readonly company?: { readonly keep: number; readonly committed?: true } | undefined;
  /** How many old containers stay behind, stopped, once what is kept has ended; undefined: none. */
  readonly stopped?: number | undefined;
  /** How the instance proves itself, and how long its requests may take. */
  readonly ready?: ReadyCheck | undefined;
  readonly drain?: DrainPolicy | undefined;
  /** Of what is kept, or was: until when, by the clock of the host (RFC 3339). */
  readonly keptUntil?: string | undefined;
  /** Of what is kept, once its set is being ended: the others of it, which end as well. */
  readonly endsWith?: readonly string[] | undefined;
  /** Replaced in slots: it stands in front of the predecessor (`leaving`) or of the new container (`next`) only. */
  readonly slot?: 'leaving' | 'next' | undefined;
  /** At an HAProxy on another host: it may send requests to the new container. */
  readonly letIn?: true | undefined;
  /** With two slots: the predecessor may have been told to stop, for good. */
  readonly ending?: true | undefined;
  /** The predecessor is taken back to nothing: that it is gone, with nothing in its place, is how it is to be. */
  readonly toNothing?: true | undefined;
  /** What it is to have once the new container serves and the predecessor is gone; undefined: what it has. */
  readonly then?: Standing | undefined;
}

/** What must be undone on a host, kept on the host itself. Written durably and whole, or not at all. */
export interface HostRecord {
  read(): Promise<readonly RecordEntry[]>;
  /**
   * Replaces the record; an empty one is removed.
   *
   * @throws Failure `error` when somebody else has written it since it was read here, or first written
   */
  write(entries: readonly RecordEntry[]): Promise<void>;
}

/** What a run found under one container's name. */
export interface Archived {
  /** How to make it again; undefined when nothing was there. */
  readonly old:
    | {
        readonly image: Omit<Container['image'], 'healthcheck'>;
        readonly snapshot: string;
        /** The one that it was in, where there are two. */
        readonly slot?: string | undefined;
        /** It ran, and did not pass the `ready` of the run. */
        readonly isUnready?: true;
      }
    | undefined;
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
