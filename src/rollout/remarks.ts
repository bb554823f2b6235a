/** What a step says while it goes on. */
import type { MeetingPoint } from './lifecycle.ts';
import type { AdminState, Server } from './model.ts';

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
  | {
      readonly for: 'old-worker';
      readonly server: Server;
      readonly pid: number;
      /** Requests that it has for the server; undefined when they cannot be counted. */
      readonly current: number | undefined;
      readonly leftMs: number;
    }
  | { readonly for: 'capacity'; readonly server: Server; readonly usable: number; readonly floor: number }
  | { readonly for: 'ready'; readonly health: string; readonly why: string; readonly leftMs: number }
  | {
      readonly for: 'up';
      readonly server: Server;
      readonly status: string;
      readonly lastCheck: string;
      readonly leftMs: number;
    }
  /** For those of its company that have not come to where all of them meet. */
  | { readonly for: 'others'; readonly meets: MeetingPoint; readonly names: readonly string[] }
  /** Without a limit of its own while something else goes on that has one. */
  | { readonly for: 'answer'; readonly why: string; readonly leftMs?: number };

interface BeganAnew {
  readonly server: Server;
  readonly pid: number;
  readonly before: number;
  /** Requests in hand are waited for, and those that were let in since, too. */
  readonly isDraining: boolean;
}

/** Something worth saying that is no failure by itself. */
export type Remark =
  | ({ readonly about: 'balancer-reloaded' } & BeganAnew)
  /** Or reloaded when the old process had nothing left to do: what it had in hand, HAProxy itself has seen to. */
  | ({ readonly about: 'balancer-restarted' } & BeganAnew)
  /** Reloaded or restarted: its processes are not to be seen on its host. */
  | ({ readonly about: 'balancer-began-anew' } & BeganAnew)
  | {
      readonly about: 'changed-by-another';
      readonly server: Server;
      /** What was seen. */
      readonly weight: number;
      readonly admin: AdminState;
      readonly then: 'taken out again' | 'put back' | 'left alone';
    }
  /** In a ramp: a reload or a restart has brought back another weight, and it is at that of its step again. */
  | { readonly about: 'weight-reset'; readonly server: Server; readonly weight: number; readonly to: number }
  /** It cannot have the weight again that it had: its algorithm is static, and a new configuration gives it another. */
  | { readonly about: 'fixed-weight'; readonly server: Server; readonly weight: number; readonly to: number }
  /** Another address in a changed configuration. */
  | { readonly about: 'moved'; readonly server: Server; readonly from: string; readonly to: string }
  | { readonly about: 'old-workers-unknown'; readonly server: Server }
  /** Others have brought the backend under its floor while ours is away. */
  | {
      readonly about: 'floor';
      readonly server: Server;
      readonly usable: number;
      readonly floor: number;
      /** `worked on`: of a host as a whole, on which something has begun. */
      readonly then: 'given back' | 'cannot be given back' | 'worked on';
    }
  | { readonly about: 'not-drained'; readonly server: Server; readonly sessions: number; readonly then: string }
  /** It was drained for a time that is over, and is put back now. */
  | {
      readonly about: 'hold-over';
      readonly server: Server;
      readonly by: string;
      readonly note: string;
      /** RFC 3339, by the clock of the host; so it is in the next. */
      readonly until: string;
    }
  /** It was drained already, and is to stay so for another time; without `until`, until somebody restores it. */
  | {
      readonly about: 'held-on';
      readonly server: Server;
      readonly until?: string | undefined;
      readonly before: { readonly by: string; readonly until?: string | undefined };
    }
  | { readonly about: 'stays-out'; readonly server: Server; readonly why: string }
  | { readonly about: 'gone'; readonly server: Server };
