/** Commands that the playbook asks for: what is run, and what came of it. */

export interface CommandRequest {
  /** Its words: no line for a shell. */
  readonly command: readonly string[];
  /** Beside the environment that is there; values are one line each. */
  readonly env: Readonly<Record<string, string>>;
  /** Then it is ended, and what it has started with it. */
  readonly withinMs: number;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

export interface CommandEnd {
  /** Undefined: its time was up. */
  readonly exitCode: number | undefined;
  /** Both streams, as lines: the beginning and the end, when it is long. */
  readonly output: readonly string[];
}

/** An address that is asked, by one GET. */
export interface AddressQuestion {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly withinMs: number;
}

/** Text: why there is none; it completes "http://… ". */
export type AddressAnswer = { readonly status: number; readonly body: string } | { readonly why: string };

/** A machine that can be asked what an address answers it. */
export interface Asking {
  /** @throws Failure `unreachable` when the machine cannot be asked */
  ask(question: AddressQuestion): Promise<AddressAnswer>;
}

/** A place where commands can be run. */
export interface Commands {
  /**
   * Runs it to its end, and never twice.
   *
   * @throws `signal.reason` once it aborts and the command has ended; Failure when it cannot be run, or when it is not
   * known whether it has ended, such as `unreachable`
   */
  run(request: CommandRequest): Promise<CommandEnd>;
}
