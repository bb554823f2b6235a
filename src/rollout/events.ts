import type { EndState, Step } from './lifecycle.ts';
import type { HaproxyEvent } from './haproxy-events.ts';
import type { HookEvent } from './hook-events.ts';
import type { FoundLock } from './lock.ts';
import type { MaintenancePlan } from './maintenance.ts';
import type { Only, Server, Standing } from './model.ts';
import type { PlayPlan } from './plan.ts';
import type { Remark, Waiting } from './remarks.ts';
import type { AfterBatch, HostEnd, RunEnd } from './verdict.ts';

export type * from './haproxy-events.ts';
export type * from './remarks.ts';

/** What an event is about: an instance, by its container's name, or in a drain a server, as `backend/server`. */
export interface Subject {
  readonly host: string;
  readonly name: string;
}

/** What a rollout was asked for, such that it can be asked for again from anywhere. */
export interface Invocation {
  /** Absolute paths, as that of the playbook. */
  readonly inventory: readonly string[];
  readonly playbook: string;
  readonly limit: string | undefined;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  /** By name, without those that sound like a secret. */
  readonly extraVars: Readonly<Record<string, unknown>>;
  /** The names that were left out, as paths such as `database.password`. */
  readonly hiddenVars: readonly string[];
  readonly forks: number;
  readonly force: boolean;
  readonly loads?: readonly LoadedImage[] | undefined;
}

/** An image that a rollout takes from its own machine: the run means exactly this one. */
export interface LoadedImage {
  readonly reference: string;
  readonly id: string;
  readonly ids: readonly string[];
  /** Where it was, for people. */
  readonly from: string;
  /** The absolute path of the archive; undefined: the Engine of the machine. */
  readonly file: string | undefined;
}

/** The weight that a server has been given on the way to that which it is to have. */
export interface RampedServer {
  readonly server: Server;
  readonly weight: number;
  readonly of: number;
}

/** How a server was found. */
export interface FoundServer extends Standing {
  readonly server: Server;
  readonly wasUp: boolean;
}

/** What an instance ran when it was found. */
export interface FoundContainer {
  readonly id: string;
  /** The reference it was created with. */
  readonly image: string;
  readonly digest: string | undefined;
  readonly running: boolean;
  readonly aside: string;
}

/** How one host ended, in counts of its instances. */
export interface HostSummary {
  readonly host: string;
  /** Which of several plays it is about; undefined when there is only one, or it is about all of them. */
  readonly play?: string;
  readonly end: HostEnd;
  readonly updated: number;
  /** Of those updated, the ones whose containers stayed, by what was done; undefined: none. */
  readonly only?: Readonly<Partial<Record<Only, number>>>;
  readonly left: number;
  readonly unchanged: number;
  readonly outOfService: number;
  readonly notReached: number;
  readonly ms: number;
  /** The first thing that went wrong, or empty. */
  readonly reason: string;
}

/** Everything a run tells the outside world. Reports, logs and tests read these and nothing else. */
export type RunEvent =
  | {
      readonly type: 'run-started';
      readonly command: string;
      readonly hosts: readonly string[];
      readonly by: string;
      readonly version: string;
      /** Where it runs, for telling whether it still does. */
      readonly machine: string;
      readonly pid: number;
      /** Of a rollout: what it was asked for, and the SHA-256 of the plays that came of that. */
      readonly invocation?: Invocation | undefined;
      readonly fingerprint?: string | undefined;
    }
  | {
      readonly type: 'host-ready';
      readonly host: string;
      readonly engine: string;
      readonly balancers: readonly string[];
    }
  /** What the run `of` has updated is taken back to what it found: by a run of its own, or by that run itself. */
  | {
      readonly type: 'rollback-started';
      readonly of: string;
      readonly hosts: readonly string[];
      /** By that run itself, and all of it: the run begins nothing else any more. */
      readonly isWhole?: boolean;
    }
  | { readonly type: 'problem'; readonly host: string; readonly text: string }
  | { readonly type: 'warning'; readonly host: string; readonly text: string }
  /** Hosts that others hold, which the run waits for. */
  | {
      readonly type: 'lock-waiting';
      readonly locks: readonly { readonly host: string; readonly found: FoundLock }[];
      readonly leftMs: number;
    }
  | { readonly type: 'planned'; readonly plan: PlayPlan }
  | {
      /** A pull that takes long, or has to begin `again`. */
      readonly type: 'image-pulling';
      readonly host: string;
      readonly image: string;
      /** Bytes, of the layers known so far. */
      readonly current: number;
      readonly total: number;
      readonly again?: string;
    }
  | {
      /** An image that takes long to send, or has to be sent `again`. */
      readonly type: 'image-loading';
      readonly host: string;
      readonly image: string;
      readonly from: string;
      /** Bytes. */
      readonly current: number;
      readonly total: number;
      readonly again?: string;
    }
  | { readonly type: 'image-pulled'; readonly host: string; readonly image: string; readonly digest: string }
  | HookEvent
  | {
      readonly type: 'batch-started';
      readonly play: string;
      readonly number: number;
      readonly of: number;
      /** What its hosts have in common, as `zone a`. */
      readonly group?: string;
      readonly hosts: readonly string[];
      /** On the way back of what this very run has updated. */
      readonly isRevert?: boolean;
    }
  | {
      readonly type: 'instance-left';
      readonly subject: Subject;
      readonly why: string;
      /** It is as an earlier run, or this one, has found it already. */
      readonly isRevert?: boolean;
    }
  | {
      readonly type: 'instance-started';
      readonly subject: Subject;
      readonly from: string;
      readonly to: string;
      /** It is to be taken back to what an earlier run, or this one, has found. */
      readonly isRevert?: boolean;
      /** The container stays: this is all that is done. */
      readonly only?: Only;
    }
  /** How everything stands before the first change: what the host's undo record has, too. */
  | {
      readonly type: 'found';
      readonly subject: Subject;
      readonly servers: readonly FoundServer[];
      /** The container that is to be replaced, and the name it waits under; undefined when there is none. */
      readonly old?: FoundContainer | undefined;
    }
  | { readonly type: 'step-started'; readonly subject: Subject; readonly step: Step; readonly homeward: boolean }
  | { readonly type: 'step-waiting'; readonly subject: Subject; readonly step: Step; readonly waiting: Waiting }
  /** A step has failed in passing, everything answers again, and it is taken once more. */
  | { readonly type: 'step-retried'; readonly subject: Subject; readonly step: Step; readonly reason: string }
  | { readonly type: 'remark'; readonly subject: Subject; readonly remark: Remark }
  /** A step of a ramp: the servers of the instance have these weights now, for so long. */
  | {
      readonly type: 'ramped';
      readonly subject: Subject;
      readonly percent: number;
      readonly servers: readonly RampedServer[];
      readonly ms: number;
    }
  | {
      readonly type: 'step-ended';
      readonly subject: Subject;
      readonly step: Step;
      readonly homeward: boolean;
      readonly ms: number;
      readonly outcome: string;
    }
  | {
      readonly type: 'step-failed';
      readonly subject: Subject;
      readonly step: Step;
      readonly ms: number;
      readonly reason: string;
      /** The container's last log lines, the healthcheck's output. */
      readonly details: readonly string[];
    }
  /** The instance serves again and is watched from here on, while the run goes on. */
  | { readonly type: 'monitor-started'; readonly subject: Subject; readonly forMs: number }
  | {
      readonly type: 'monitor-ended';
      readonly subject: Subject;
      readonly ms: number;
      readonly outcome: string;
      /** The last number that its metric was. */
      readonly value?: number;
    }
  | {
      readonly type: 'monitor-failed';
      readonly subject: Subject;
      readonly ms: number;
      readonly reason: string;
      /** The container's last log lines. */
      readonly details: readonly string[];
      /** The last number that its metric was. */
      readonly value?: number;
    }
  | {
      readonly type: 'instance-ended';
      readonly subject: Subject;
      readonly state: EndState;
      readonly ms: number;
      /** It was to be taken back: `updated` is then what an earlier run had found. */
      readonly isRevert?: boolean;
      /** `updated` is then that this was done, `unchanged` that it serves as it did before. */
      readonly only?: Only;
      /** It is about what an earlier run has kept: it was to serve again (`unchanged`), or to end (`updated`). */
      readonly kept?: 'switch-back' | 'ending';
    }
  | HaproxyEvent
  | {
      readonly type: 'host-ended';
      readonly host: string;
      readonly end: HostEnd;
      readonly reason: string;
      /** On the way back of what this very run has updated. */
      readonly isRevert?: boolean;
    }
  | {
      readonly type: 'batch-ended';
      readonly number: number;
      readonly of: number;
      /** `stop`, `rollBack`: more failed than the limits allow. `outOfService`: a server is missing now. */
      readonly then: AfterBatch;
      /** The limit that was exceeded, in words; empty when none was. */
      readonly why: string;
      /** Its hooks were run, and nothing of it was begun. */
      readonly isNotBegun?: boolean;
      /** On the way back of what this very run has updated, which may go on beside a batch of its play. */
      readonly isRevert?: boolean;
    }
  /** A host is left out, since it cannot be reached; nothing on it was touched. */
  | { readonly type: 'host-skipped'; readonly host: string; readonly reason: string }
  /** What was drained is put back in so many milliseconds, or when it is asked to stop. */
  | { readonly type: 'hold-started'; readonly hosts: readonly string[]; readonly ms: number }
  /** What a maintenance will do, decided before anything is touched. */
  | { readonly type: 'maintenance-planned'; readonly plan: MaintenancePlan }
  /** What a command prints, as whole lines. */
  | { readonly type: 'output'; readonly subject: Subject; readonly details: readonly string[] }
  /** Before batch `number`. */
  | { readonly type: 'pause-started'; readonly number: number; readonly of: number; readonly ms: number }
  | { readonly type: 'pause-ended'; readonly number: number; readonly of: number; readonly ms: number }
  | { readonly type: 'question-asked'; readonly question: string; readonly answers: string }
  | { readonly type: 'question-answered'; readonly question: string; readonly answer: string }
  /** No further instance begins, by the run's own rules: a deadline, a freeze, an answer. */
  | { readonly type: 'halted'; readonly why: string }
  /** `signal`: `A_BUG`, if it was no signal. */
  | { readonly type: 'stop-asked'; readonly signal: string; readonly times: number }
  | {
      readonly type: 'run-ended';
      readonly command: string;
      readonly end: RunEnd;
      readonly ms: number;
      readonly hosts: readonly HostSummary[];
      readonly exitStatus: number;
    }
  /** The run did not get as far as its end: nothing was touched, or something is wrong with sluice itself. */
  | { readonly type: 'run-failed'; readonly code: string; readonly reason: string; readonly exitStatus: number };

/** The version of the event stream's form; a reader of another one must not guess. */
export const EVENT_SCHEMA = 1;

/** What asks to stop where it is no signal: something unforeseen, outside of any step. */
export const A_BUG = 'a bug';

/** What is put on an event when it leaves the process. */
export interface Stamp {
  readonly schema: number;
  /** Counts the events of a run, from 1. */
  readonly seq: number;
  /** RFC 3339. */
  readonly ts: string;
  readonly run: string;
}

/** An event as it is kept in a journal, where `spec` is left out. */
export type StampedEvent = Stamp & RunEvent;

export type Report = (event: RunEvent) => void;
