import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Wait {
  readonly withinMs: number;
  readonly everyMs: number;
  /** Log of the program waited for: its end goes into the error. */
  readonly log?: string;
  /** Answers true when waiting on makes no sense. */
  readonly isHopeless?: () => boolean;
}

/**
 * Waits until `isThere` answers true; a text (or an exception) says what is missing.
 * @throws Error that names what was waited for, what was missing last, and the end of the log.
 */
export async function until(what: string, isThere: () => Promise<boolean | string>, wait: Wait): Promise<void> {
  const begunAt = performance.now();
  const deadline = begunAt + wait.withinMs;
  for (;;) {
    const last = await isThere().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (last === true) return;
    if (performance.now() > deadline || wait.isHopeless?.() === true) {
      const missing = last === false ? '' : `: ${last}`;
      const waitedMs = Math.round(performance.now() - begunAt);
      throw new Error(`Cannot wait longer than ${waitedMs} ms for ${what}${missing}${tailOf(wait.log)}`);
    }
    await sleep(wait.everyMs);
  }
}

function tailOf(log: string | undefined): string {
  if (log === undefined || !existsSync(log)) return '';
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15);
  return `\n--- end of ${log}\n${lines.join('\n')}`;
}

/** Runs all, waits for all, and only then throws the first failure: none is left running behind the caller's back. */
export async function all<T>(tasks: Iterable<Promise<T>>): Promise<T[]> {
  const results = await Promise.allSettled(tasks);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
