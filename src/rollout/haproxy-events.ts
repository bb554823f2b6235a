/** What is told of an HAProxy that is changed by itself: its configuration, or by hand. */

/** What is done to the configuration of an HAProxy. `carryOver`: what was set at runtime is set again. */
export type ConfigStep = 'replace' | 'reload' | 'carryOver' | 'settle' | 'putBack';

export type HaproxyEvent =
  | { readonly type: 'config-step-started'; readonly host: string; readonly path: string; readonly step: ConfigStep }
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
    }
  /** What a person wants changed at runtime, before it is: `text`, as the runtime API has it; then what came of it. */
  | { readonly type: 'runtime-asked'; readonly host: string; readonly text: string }
  | {
      readonly type: 'runtime-answered';
      readonly host: string;
      readonly text: string;
      readonly isOk: boolean;
      readonly outcome: string;
    };

const TYPES: readonly string[] = [
  'config-step-started',
  'config-step',
  'config-waiting',
  'runtime-asked',
  'runtime-answered',
] satisfies readonly HaproxyEvent['type'][];

export function isHaproxyEvent<T extends { readonly type: string }>(event: T): event is Extract<T, HaproxyEvent> {
  return TYPES.includes(event.type);
}
