import type { FoundContainer, FoundServer, Invocation, Remark, Subject } from './events.ts';
import type { HookSubject } from './hooks.ts';
import type { EndState, Step } from './lifecycle.ts';
import type { Instance } from './model.ts';
import type { InstancePlan } from './plan.ts';
import type { OpenHistory } from './open-history.ts';
import type { HostEnd, RunEnd } from './verdict.ts';

/**
 * How far an instance got. `inWork`: begun, its end not told; a run that died has left it so. `drained` and `restored`
 * are for single servers, of `drain` and `restore`.
 */
export type InstanceState = EndState | 'notReached' | 'left' | 'inWork' | 'drained' | 'restored';

export interface StepHistory {
  readonly step: Step;
  readonly homeward: boolean;
  /** RFC 3339, as all times here. */
  readonly startedAt: string;
  /** `brokenOff`: begun again, or the run gone on with, before its end was told. */
  readonly result: 'running' | 'ok' | 'failed' | 'brokenOff';
  /** What came of it, or why it failed. */
  readonly text: string;
  readonly details: readonly string[];
  /** How long it took; undefined when its end was not told. */
  readonly ms: number | undefined;
}

/** An instance as it was planned, without what it is given. */
export interface PlannedInstance extends Omit<InstancePlan, 'instance'> {
  readonly instance: Omit<Instance, 'spec'>;
}

/** One instance, or in a drain one server. */
export interface InstanceHistory {
  readonly subject: Subject;
  readonly state: InstanceState;
  /** What this run had made of it, while what another has left in work there is finished (`--take-over`). */
  readonly stateBefore?: InstanceState | undefined;
  /** What `found` has was seen since it was begun last. */
  readonly isFoundAgain?: boolean | undefined;
  readonly steps: readonly StepHistory[];
  readonly remarks: readonly { readonly at: string; readonly remark: Remark }[];
  /** Undefined as long as nothing was done. */
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  /** Image references; undefined where the journal does not tell. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Its play and its batch there, of a rollout. */
  readonly play: string | undefined;
  readonly batch: number | undefined;
  readonly plan: PlannedInstance | undefined;
  /** How everything stood before the first change; undefined: it was not looked at yet, so nothing was changed. */
  readonly found: { readonly servers: readonly FoundServer[]; readonly old: FoundContainer | undefined } | undefined;
}

export interface HookHistory {
  readonly hook: HookSubject;
  readonly startedAt: string;
  /** `brokenOff`: the run died, and whether it has ended is not known; `unknown`: nor is it since its connection was lost. */
  readonly result: 'running' | 'ok' | 'failed' | 'ignored' | 'unknown' | 'cut' | 'skipped' | 'brokenOff';
  /** Why it has failed, or was skipped. */
  readonly why: string;
  readonly output: readonly string[];
  readonly ms: number | undefined;
  /** What it was run before, or after, has ended since, or was begun anew. */
  readonly isOver?: boolean;
}

export interface HostHistory {
  readonly host: string;
  /** Undefined: its end was not told. */
  readonly end: HostEnd | undefined;
  readonly reason: string;
  readonly instances: readonly InstanceHistory[];
}

/** How a run ended: with a summary, or refused before it touched anything (or met by a bug). */
export type RunOutcome =
  | { readonly type: 'run-ended'; readonly at: string; readonly end: RunEnd; readonly exitStatus: number }
  | {
      readonly type: 'run-failed';
      readonly at: string;
      readonly code: string;
      readonly reason: string;
      readonly exitStatus: number;
    };

export interface RunHistory {
  readonly run: string;
  readonly command: string;
  readonly by: string;
  readonly version: string;
  /** Of the process that worked on it last. */
  readonly machine: string;
  readonly pid: number;
  readonly startedAt: string;
  /** When that process began; later than `startedAt` for a run that was gone on with. */
  readonly lastStartedAt: string;
  /** The time of the last event. */
  readonly lastAt: string;
  readonly invocation: Invocation | undefined;
  readonly fingerprint: string | undefined;
  readonly hosts: readonly HostHistory[];
  /** In the order in which they began. */
  readonly hooks: readonly HookHistory[];
  readonly open: OpenHistory;
  /** It has begun to take back all that it has updated (`on_failure: rollback`). */
  readonly wentBack: boolean;
  readonly notes: readonly {
    readonly at: string;
    /** `change`: what was done to an HAProxy by itself, or is about to be. */
    readonly kind: 'problem' | 'warning' | 'stop' | 'change';
    readonly host: string;
    readonly text: string;
  }[];
  /** Undefined: it runs, or it died. */
  readonly outcome: RunOutcome | undefined;
}

/** Every instance of every host. */
export function instancesIn({ hosts }: RunHistory): readonly InstanceHistory[] {
  return hosts.flatMap(({ instances }) => instances);
}
