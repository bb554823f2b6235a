import type { Duplex, Writable } from 'node:stream';

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command is told while it runs. */
export interface Conversation {
  /** At every moment but the last. */
  readonly beat: string;
  readonly everyMs: number;
  /** Then it is told `end`, and its stdin is closed. */
  readonly until: AbortSignal;
  readonly end: string;
}

export interface RunOptions {
  readonly stdin?: string;
  /** Its stdin stays open after that. */
  readonly talk?: Conversation;
  /** Gets what it prints to either stream; then nothing of that is kept, nor too much. */
  readonly hear?: (chunk: Buffer) => void;
  /** Default 10,000. */
  readonly withinMs?: number;
}

/** A command that keeps running on the host for as long as we want, such as one that holds a lock. */
export interface Running {
  /** The first line it printed, without the newline. */
  readonly firstLine: string;
  /** Writes a line to its stdin; of no effect once it has ended. */
  say(line: string): void;
  /** Calls `hear` with every further line that it prints. To be called at once, and once. */
  onLine(hear: (line: string) => void): void;
  /** Ends it (its stdin is closed) and resolves once it is gone. */
  end(): Promise<void>;
  /** Aborts when the command ended, for whatever reason. */
  readonly ended: AbortSignal;
}

/**
 * The way to one host, as the other adapters see it. A link that broke dials again when it is next used; what was
 * under way when it broke fails with `unreachable`.
 */
export interface Link {
  /** The inventory's name of the host, for messages. */
  readonly host: string;
  /** Runs a command line in the user's login shell. Arguments must be quoted by the caller, see `quoted`. */
  run(command: string, options?: RunOptions): Promise<RunResult>;
  /** Starts a command and waits for its first line, or for its end. */
  start(command: string): Promise<Running | RunResult>;
  /**
   * A stream to a unix socket on the host. `speaks`: what is spoken over it, in case it must be carried by a command:
   * then only Docker's own passes on that our side has ended.
   */
  openSocket(path: string, speaks?: 'docker'): Promise<Duplex>;
  /** A stream to a TCP port as seen from the host. */
  openTcp(address: string, port: number): Promise<Duplex>;
  close(): Promise<void>;
}

/** Keeps a conversation up with a stream that is its stdin, until it ends, or what it returns is called. */
export function keepTalking(stdin: Writable, { beat, everyMs, until, end }: Conversation): () => void {
  const beating = setInterval(() => {
    if (stdin.writable) stdin.write(beat);
  }, everyMs);
  const atEnd = (): void => {
    clearInterval(beating);
    if (stdin.writable) stdin.end(end);
  };
  if (until.aborted) atEnd();
  else until.addEventListener('abort', atEnd);
  return () => {
    clearInterval(beating);
    until.removeEventListener('abort', atEnd);
  };
}

/** `text` as one word of a POSIX shell command line. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Shell commands that succeed where it proves nothing that there is no `$p`: the last of its folders that the user sees may
 * not be looked into, or is a link to where they may not. `$p` is that one afterwards.
 */
export const IS_OUT_OF_SIGHT =
  'until test -d "$p" || test -L "$p"; do p=$(dirname "$p"); done; ! { test -d "$p" && test -x "$p"; }';
