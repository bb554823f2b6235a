import { Failure } from '../../errors.ts';
import { poll } from '../waiting/poll.ts';
import type { JobLook } from '../ports/jobs.ts';
import type { HostAccess } from '../ports/ports.ts';
import type { Watch } from '../waiting/watch.ts';

const LOOK_EVERY_MS = 300;
/** What is told of the output as it comes; of the rest, the end. */
const TOLD_LINES = 400;
const LAST_LINES = 20;

/** A command that has failed, with the end of what it has printed. */
export class JobFailed extends Failure {
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[]) {
    super('error', message);
    this.details = details;
  }
}

interface JobRequest {
  readonly id: string;
  readonly line: string;
  readonly withinMs: number;
  /** Told what it prints, in whole lines. */
  readonly onOutput: (lines: readonly string[]) => void;
}

/**
 * Runs a command on the host to its end. A lost connection does not hurt it: it is looked for again until its time is
 * up. When that is, or the watch's signal aborts, it is ended.
 *
 * @throws JobFailed when its exit status is not 0, or it was ended or cut off
 */
export async function runJob(host: HostAccess, request: JobRequest, watch: Watch): Promise<void> {
  const { id, line, withinMs } = request;
  const output = new Output(request.onOutput);
  const begun = { is: false };
  let next = 0;
  const look = async (): Promise<JobLook> => {
    // By its id it is started once, also when the answer was lost.
    if (!begun.is) await host.jobs.start(id, line);
    begun.is = true;
    for (;;) {
      const seen = await host.jobs.look(id, next);
      output.add(seen.output);
      if (seen.next === next) return seen;
      next = seen.next;
    }
  };
  const fail = (why: string): JobFailed => new JobFailed(`"${line}" on ${host.name} ${why}`, output.last());
  const onTrouble = (trouble: Failure, leftMs: number): void => {
    watch.waiting({ for: 'answer', why: trouble.message, leftMs });
  };
  try {
    const patience = { everyMs: LOOK_EVERY_MS, withinMs, signal: watch.signal, onTrouble };
    const { last } = await poll(look, ({ state }) => state !== 'running', patience, watch.clock);
    output.end();
    if (last.state === 'running') throw fail(`takes longer than ${Math.round(withinMs / 1000)} s, and was ended`);
    if (last.state !== 'ended') throw fail('was cut off before its end: was the host rebooted?');
    if (last.exitCode !== 0) throw fail(`ended with status ${last.exitCode ?? 'unknown'}`);
  } catch (error) {
    if (begun.is) await host.jobs.end(id);
    throw error;
  }
}

/** What a command prints, in whole lines. */
class Output {
  readonly #tell: (lines: readonly string[]) => void;
  #torn = '';
  #told = 0;
  /** Those that were not told, and the last that were seen. */
  #untold: string[] = [];
  #leftOut = 0;
  #seen: string[] = [];

  constructor(tell: (lines: readonly string[]) => void) {
    this.#tell = tell;
  }

  add(text: string): void {
    const lines = (this.#torn + text).split(/\r?\n/);
    this.#torn = lines.pop() ?? '';
    this.#take(lines.map(printable));
  }

  /** Tells the end of what was too much. */
  end(): void {
    if (this.#torn !== '') this.#take([printable(this.#torn)]);
    this.#torn = '';
    if (this.#untold.length === 0) return;
    const left = this.#leftOut === 0 ? [] : [`[${this.#leftOut} lines left out]`];
    this.#tell([...left, ...this.#untold]);
    this.#untold = [];
  }

  last(): readonly string[] {
    return this.#seen;
  }

  #take(lines: readonly string[]): void {
    this.#seen = [...this.#seen, ...lines].slice(-LAST_LINES);
    const now = lines.slice(0, Math.max(0, TOLD_LINES - this.#told));
    this.#told += now.length;
    if (now.length > 0) this.#tell(now);
    const kept = [...this.#untold, ...lines.slice(now.length)];
    this.#leftOut += Math.max(0, kept.length - LAST_LINES);
    this.#untold = kept.slice(-LAST_LINES);
  }
}

/** Without what would move the cursor of whoever reads it. */
function printable(line: string): string {
  return line
    .replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .replaceAll(/^.*\r/g, '')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
