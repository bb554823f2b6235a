/** Commands on a host that go on when nobody listens any more. Each has an id, and is run once. */

export interface JobLook {
  /** `gone`: it was cut off, as by a reboot, or was ended. `unknown`: nobody has started it. */
  readonly state: 'running' | 'ended' | 'gone' | 'unknown';
  /** Once it has ended. */
  readonly exitCode: number | undefined;
  /** What it has printed from there on, to either stream, in order; at most 64 KiB at a time. */
  readonly output: string;
  /** Where the next look goes on, in bytes. */
  readonly next: number;
}

/** `id`: letters, digits and dashes; anything else is refused with Failure `error`. */
export interface HostJobs {
  /** Starts a line for the host's shell, unless that id was started before. */
  start(id: string, line: string): Promise<void>;
  look(id: string, from: number): Promise<JobLook>;
  /** Ends it with all that it has started; nothing to do for one that does not run. */
  end(id: string): Promise<void>;
}
