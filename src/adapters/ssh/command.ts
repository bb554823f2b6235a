import { constants } from 'node:os';
import { Failure } from '../../errors.ts';
import { keepTalking, type Conversation, type RunOptions, type Running, type RunResult } from '../link.ts';
import type { Channel } from './carrier.ts';
import type { Session } from './session.ts';

const RUN_WITHIN_MS = 10_000;
const FIRST_LINE_WITHIN_MS = 10_000;
const END_WITHIN_MS = 10_000;
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

/** Runs a command line to its end. */
export async function run(session: Session, host: string, line: string, options: RunOptions = {}): Promise<RunResult> {
  const command = await begun(session, host, line);
  if (options.hear) command.onOutput(options.hear);
  if (options.talk) command.talk(options.stdin, options.talk);
  else command.endInput(options.stdin);
  await command.within(options.withinMs ?? RUN_WITHIN_MS, command.ended);
  return command.result();
}

/** Starts a command line, whose stdin stays open, and waits for its first line or its end. */
export async function start(session: Session, host: string, line: string): Promise<Running | RunResult> {
  const command = await begun(session, host, line);
  const firstLine = await command.within(FIRST_LINE_WITHIN_MS, Promise.race([command.firstLine, command.ended]));
  if (firstLine === undefined) return command.result();
  const ended = new AbortController();
  const atEnd = () => {
    ended.abort(new Failure('error', `${line} on ${host} has ended`));
  };
  command.ended.then(atEnd, atEnd);
  return {
    firstLine,
    say: (text) => {
      command.say(text);
    },
    onLine: (hear) => {
      command.onLine(hear);
    },
    ended: ended.signal,
    async end() {
      command.endInput();
      await Promise.allSettled([command.within(END_WITHIN_MS, command.ended)]);
    },
  };
}

async function begun(session: Session, host: string, line: string): Promise<Command> {
  const what = `run "${shortened(line)}" on ${host}`;
  try {
    return await session.open({ command: line }, (channel) => new Command(channel, session, what));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('error', `Cannot ${what}: its SSH server refuses to run commands`, { cause: error });
  }
}

function shortened(line: string): string {
  const [first = ''] = line.split('\n', 1);
  return first.length > 60 || first !== line ? `${first.slice(0, 60)} …` : first;
}

class Command {
  /** Rejects when the connection is lost, time is up or the output is too large. */
  readonly ended: Promise<undefined>;
  /** Stays pending when there is none. */
  readonly firstLine: Promise<string>;
  readonly #channel: Channel;
  /** For messages: `run "…" on fe1`. */
  readonly #what: string;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #bytes = 0;
  #hear: ((line: string) => void) | undefined;
  #onOutput: ((chunk: Buffer) => void) | undefined;
  #exitCode: number | undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(channel: Channel, session: Session, what: string) {
    this.#channel = channel;
    this.#what = what;
    this.ended = new Promise((resolve, reject) => {
      this.#fail = reject;
      const forget = session.onLoss(reject);
      channel.on('error', reject);
      channel.on('close', () => {
        forget();
        resolve(undefined);
      });
    });
    this.ended.catch(() => undefined);
    this.firstLine = new Promise((resolve) => {
      channel.on('data', (chunk: Buffer) => {
        this.#keep(this.#stdout, chunk);
        if (!chunk.includes('\n')) return;
        if (this.#hear) this.#tellLines();
        else resolve(textOf(this.#stdout).split('\n', 1)[0] ?? '');
      });
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#keep(this.#stderr, chunk);
    });
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#exitCode = code ?? 128 + signalNumber(signal);
    });
  }

  /** A channel that is closed, or closing, takes no more words. */
  say(line: string): void {
    if (this.#channel.writable) this.#channel.write(`${line}\n`);
  }

  /** From now on, the output goes there line by line and is not kept. */
  onLine(hear: (line: string) => void): void {
    this.#hear = hear;
    const [, ...rest] = textOf(this.#stdout).split('\n');
    this.#stdout.splice(0, Infinity, Buffer.from(rest.join('\n')));
    this.#tellLines();
  }

  /** From now on, what either stream brings goes there and is not kept. To be called at once. */
  onOutput(hear: (chunk: Buffer) => void): void {
    this.#onOutput = hear;
    for (const chunk of [...this.#stdout.splice(0), ...this.#stderr.splice(0)]) hear(chunk);
  }

  talk(stdin = '', conversation: Conversation): void {
    this.#channel.write(stdin);
    const hush = keepTalking(this.#channel, conversation);
    this.ended.then(hush, hush);
  }

  endInput(stdin = ''): void {
    this.#channel.end(stdin);
  }

  /** `promise`, or the end of the command when it takes longer than that. */
  async within<T>(withinMs: number, promise: Promise<T>): Promise<T> {
    const deadline = AbortSignal.timeout(withinMs);
    const expire = () => {
      // It may be the connection that is slow: worth another look.
      this.#stop(this.#failure(`it takes longer than ${withinMs / 1000} s`, 'unreachable'));
    };
    deadline.addEventListener('abort', expire);
    try {
      return await Promise.race([promise, this.ended.then(() => promise)]);
    } finally {
      deadline.removeEventListener('abort', expire);
    }
  }

  result(): RunResult {
    if (this.#exitCode === undefined) throw this.#failure('it was cut off without an exit status', 'unreachable');
    return { exitCode: this.#exitCode, stdout: textOf(this.#stdout), stderr: textOf(this.#stderr) };
  }

  #tellLines(): void {
    const lines = textOf(this.#stdout).split('\n');
    const torn = Buffer.from(lines.pop() ?? '');
    this.#stdout.splice(0, Infinity, torn);
    this.#bytes = torn.length;
    for (const line of lines) this.#hear?.(line);
  }

  #keep(chunks: Buffer[], chunk: Buffer): void {
    if (this.#onOutput) {
      this.#onOutput(chunk);
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes <= OUTPUT_LIMIT_BYTES) chunks.push(chunk);
    else this.#stop(this.#failure('its output is larger than 16 MiB', 'error'));
  }

  #stop(failure: Failure): void {
    this.#fail(failure);
    // Not every SSH server passes the signal on; then the command ends by its closed pipes, or stays behind.
    this.#channel.signal('KILL');
    this.#channel.close();
  }

  #failure(why: string, code: 'error' | 'unreachable'): Failure {
    return new Failure(code, `Cannot ${this.#what}: ${why}`);
  }
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}

function signalNumber(signal: string | undefined): number {
  return Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0;
}
