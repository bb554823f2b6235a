/** How one command of a controller goes wrong. */
export interface CallFault {
  readonly kind: 'call';
  /** Which controller: 0 is the first. */
  readonly by: number;
  /** Its `nth` command of all, or of those that change something. */
  readonly on: 'call' | 'change';
  readonly nth: number;
  /**
   * `lostBefore`, `lostLate`, `lostAfter`: the connection is lost before the command takes effect, `ms` before it does,
   * or after it did. `garbled`: it took effect, the answer cannot be understood. `error`, `refused`: it had no effect.
   */
  readonly how: (typeof CALL_FAULTS)[number] | 'killBefore' | 'killAfter';
  readonly ms: number;
}

export const CALL_FAULTS = ['lostBefore', 'lostLate', 'lostAfter', 'delayed', 'garbled', 'error', 'refused'] as const;

/** Something that happens to a host, or to a controller, at a moment. */
export interface TimedFault {
  readonly kind:
    | (typeof HOST_FAULTS | typeof HANGS | typeof OTHERS_FAULTS | typeof CONTROLLER_FAULTS)[number]
    /** Agent-checks that answer again and again, now this, now that. */
    | 'agents';
  readonly atMs: number;
  /** Which host, counted from the end if negative, and which container or server of it, by its number. */
  readonly host: number;
  readonly which: number;
  readonly ms: number;
}

export const HOST_FAULTS = [
  ...(['unreachable', 'engineDown', 'engineRestart', 'reload', 'restart', 'haproxyDown'] as const),
  ...(['crash', 'reboot', 'otherFails', 'weight', 'reload'] as const),
] as const;

/** A service ceases to answer for a while, and then takes up what it was asked meanwhile. */
export const HANGS = ['engineHangs', 'haproxyHangs'] as const;

/** What somebody else does: sets a weight or a state, has an agent do so, has HAProxy reloaded with another configuration. */
export const OTHERS_FAULTS = ['meddle', 'agent', 'reconfigure', 'registryDown'] as const;

/** What happens to the controller that is at work. `journal`: its disk is full. */
export const CONTROLLER_FAULTS = ['kill', 'freeze', 'signal', 'journal'] as const;

/** A controller is killed while it waits: for an answer, for the next batch, for whoever has a lock, or to put back. */
export interface WaitFault {
  readonly kind: 'wait';
  readonly by: number;
  readonly during: (typeof WAITS)[number] | 'hold-started';
  /** So long after it has said that it waits. */
  readonly ms: number;
}

export const WAITS = ['question-asked', 'pause-started', 'lock-waiting'] as const;

export type Fault = CallFault | TimedFault | WaitFault;
