import type { HookSubject } from './hooks.ts';

/** What is told of a hook: a command of the playbook's own, or a gate, before or after something. */
export type HookEvent =
  | { readonly type: 'hook-started'; readonly hook: HookSubject }
  | { readonly type: 'hook-skipped'; readonly hook: HookSubject; readonly why: string }
  | {
      /** A gate that is not passed yet. */
      readonly type: 'hook-waiting';
      readonly hook: HookSubject;
      /** What was seen, in words, and the number, where it was one. */
      readonly why: string;
      readonly value?: number;
      readonly leftMs: number;
    }
  | {
      readonly type: 'hook-ended';
      readonly hook: HookSubject;
      readonly ms: number;
      /**
       * `ignored`: it has failed, and the playbook says that nothing comes of that. `unknown`: its connection was lost,
       * and whether it has ended is not known; it may still be running. `cut`: a gate that a stop has ended; nobody knows
       * what it would have come to, and nothing begins after it.
       */
      readonly result: 'ok' | 'failed' | 'ignored' | 'unknown' | 'cut';
      /** Why it has failed, or empty. */
      readonly why: string;
      /** What it said, if that may be told: the beginning and the end, when it was much. */
      readonly output: readonly string[];
      /** The last number that a gate has seen. */
      readonly value?: number;
    };
