import type { EndState, Step } from './lifecycle.ts';
import type { Server } from './model.ts';
import type { PlayPlan } from './plan.ts';
import type { HostEnd, RunEnd } from './verdict.ts';

/** What an event is about: an instance, by its container's name, or in a drain a server, as `backend/server`. */
export interface Subject {
  readonly host: string;
  readonly name: string;
}

/** What a step is waiting for, at the moment it was last looked at. */
export type Waiting =
  | {
      readonly for: 'requests';
      readonly server: Server;
      readonly current: number;
      readonly queued: number;
      /** The longest-lived sessions, oldest first. */
      readonly sessions: readonly { readonly source: string; readonly ageSeconds: number }[];
      readonly leftMs: number;
    }
  | { readonly for: 'old-worker'; readonly server: Server; readonly pid: number; readonly leftMs: number }
  | { readonly for: 'capacity'; readonly server: Server; readonly usable: number; readonly floor: number }
  | { readonly for: 'ready'; readonly health: string; readonly why: string; readonly leftMs: number }
  | {
      readonly for: 'up';
      readonly server: Server;
      readonly status: string;
      readonly lastCheck: string;
      readonly leftMs: number;
    }
  | { readonly for: 'answer'; readonly why: string; readonly leftMs: number };

/** Something worth saying that is no failure by itself. */
export type Remark =
  | { readonly about: 'balancer-reloaded'; readonly server: Server; readonly pid: number; readonly before: number }
  | { readonly about: 'not-drained'; readonly server: Server; readonly sessions: number; readonly then: string }
  | { readonly about: 'stays-out'; readonly server: Server; readonly why: string }
  | { readonly about: 'gone'; readonly server: Server };

/** How one host ended, in counts of its instances. */
export interface HostSummary {
  readonly host: string;
  readonly end: HostEnd;
  readonly updated: number;
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
    }
  | {
      readonly type: 'host-ready';
      readonly host: string;
      readonly engine: string;
      readonly balancers: readonly string[];
    }
  | { readonly type: 'problem'; readonly host: string; readonly text: string }
  | { readonly type: 'warning'; readonly host: string; readonly text: string }
  | { readonly type: 'planned'; readonly plan: PlayPlan }
  | { readonly type: 'image-pulled'; readonly host: string; readonly image: string; readonly digest: string }
  | {
      readonly type: 'batch-started';
      readonly play: string;
      readonly number: number;
      readonly of: number;
      readonly hosts: readonly string[];
    }
  | { readonly type: 'instance-left'; readonly subject: Subject; readonly why: string }
  | { readonly type: 'instance-started'; readonly subject: Subject; readonly from: string; readonly to: string }
  | { readonly type: 'step-started'; readonly subject: Subject; readonly step: Step; readonly homeward: boolean }
  | { readonly type: 'step-waiting'; readonly subject: Subject; readonly step: Step; readonly waiting: Waiting }
  | { readonly type: 'remark'; readonly subject: Subject; readonly remark: Remark }
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
  | { readonly type: 'instance-ended'; readonly subject: Subject; readonly state: EndState; readonly ms: number }
  | { readonly type: 'host-ended'; readonly host: string; readonly end: HostEnd; readonly reason: string }
  | {
      readonly type: 'batch-ended';
      readonly number: number;
      readonly of: number;
      /** `stop`: more of it failed than `max_fail_percentage` allows. `outOfService`: a server is missing now. */
      readonly then: 'goOn' | 'stop' | 'outOfService';
    }
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

export type Report = (event: RunEvent) => void;
