/** What is told of an HAProxy that is changed by itself: its configuration. */

/** What is done to the configuration of an HAProxy. `carryOver`: what was set at runtime is set again. */
export type ConfigStep = 'replace' | 'reload' | 'carryOver' | 'settle' | 'putBack';

export type HaproxyEvent =
  | {
      /** A step of a push, ended: what came of it, or why it failed. */
      readonly type: 'config-step';
      readonly host: string;
      readonly path: string;
      readonly step: ConfigStep;
      readonly ms: number;
      readonly isOk: boolean;
      readonly outcome: string;
    }
  /** A push waits for servers to be UP again. */
  | {
      readonly type: 'config-waiting';
      readonly host: string;
      readonly path: string;
      readonly why: string;
      readonly leftMs: number;
    };
