import type { HostJobs, JobLook } from '../../src/runner/ports/jobs.ts';
import type { Clock } from '../../src/runner/ports/ports.ts';

interface Job {
  readonly output: string;
  readonly exitCode: number;
  readonly endsAt: number;
  isCut: boolean;
}

/** A shell that knows `echo`, `exit` and `sleep SECONDS`, and what a test adds; what it prints comes at once. */
export class FakeJobs implements HostJobs {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #all = new Map<string, Job>();
  /** Done when such a line begins. */
  readonly programs = new Map<string, () => void | Promise<void>>();
  /** The lines that were begun. */
  readonly lines: string[] = [];

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** The host goes down: what runs is cut off. */
  cutOff(): void {
    for (const job of this.#all.values()) if (this.#runs(job)) job.isCut = true;
  }

  async start(id: string, line: string): Promise<void> {
    if (this.#all.has(id)) return;
    this.lines.push(line);
    let [output, exitCode, takesMs] = ['', 0, 0];
    for (const [word = '', ...rest] of line.split(/;\s*/).map((part) => part.split(' '))) {
      if (word === 'echo') output += `${rest.join(' ')}\n`;
      if (word === 'exit') exitCode = Number(rest[0]);
      if (word === 'sleep') takesMs += Number(rest[0]) * 1_000;
    }
    this.#all.set(id, { output, exitCode, endsAt: this.#clock.now() + takesMs, isCut: false });
    await this.programs.get(line)?.();
  }

  async look(id: string, from: number): Promise<JobLook> {
    const job = this.#all.get(id);
    if (!job) return { state: 'unknown', exitCode: undefined, output: '', next: from };
    const output = job.output.slice(from);
    const seen = { output, next: from + output.length };
    if (this.#runs(job)) return { ...seen, state: 'running', exitCode: undefined };
    return job.isCut
      ? { ...seen, state: 'gone', exitCode: undefined }
      : { ...seen, state: 'ended', exitCode: job.exitCode };
  }

  async end(id: string): Promise<void> {
    const job = this.#all.get(id);
    if (job && this.#runs(job)) job.isCut = true;
  }

  #runs({ isCut, endsAt }: Job): boolean {
    return !isCut && this.#clock.now() < endsAt;
  }
}
