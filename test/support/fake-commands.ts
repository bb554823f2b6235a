import { Failure } from '../../src/errors.ts';
import type {
  AddressAnswer,
  AddressQuestion,
  Asking,
  CommandEnd,
  CommandRequest,
  Commands,
} from '../../src/runner/ports/commands.ts';
import type { Clock } from '../../src/runner/ports/ports.ts';

/** What a program of a test does. */
export interface FakeProgram {
  readonly exitCode?: number;
  readonly output?: readonly string[];
  readonly takesMs?: number;
  /** It is not known whether it has ended. */
  readonly lost?: boolean;
  /** Told when it begins. */
  readonly onRun?: (request: CommandRequest) => void | Promise<void>;
}

/** A machine that has a handful of programs, and addresses to ask, as a test gives them to it. */
export class FakeCommands implements Commands, Asking {
  readonly programs = new Map<string, FakeProgram | ((request: CommandRequest) => FakeProgram)>();
  /** By their address: what each of them answers at that moment. */
  readonly addresses = new Map<string, () => string | AddressAnswer>();
  /** What was asked, in its order. */
  readonly asked: AddressQuestion[] = [];
  /** What was run, in its order. */
  readonly ran: CommandRequest[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The command lines that were run. */
  get lines(): readonly string[] {
    return this.ran.map(({ command }) => command.join(' '));
  }

  async run(request: CommandRequest): Promise<CommandEnd> {
    const { signal, withinMs } = request;
    signal.throwIfAborted();
    this.ran.push(request);
    const program = this.#program(request);
    await program.onRun?.(request);
    const takesMs = program.takesMs ?? 0;
    if (takesMs > 0) await this.#clock.sleep(Math.min(takesMs, withinMs), signal);
    signal.throwIfAborted();
    if (program.lost) throw new Failure('unreachable', 'Cannot reach fe1: the connection was lost');
    const output = program.output ?? [];
    return { exitCode: takesMs > withinMs ? undefined : (program.exitCode ?? 0), output };
  }

  async ask(question: AddressQuestion): Promise<AddressAnswer> {
    this.asked.push(question);
    const answer = this.addresses.get(question.url.replace(/\?.*$/, ''))?.() ?? { why: 'cannot be asked: refused' };
    return typeof answer === 'string' ? { status: 200, body: answer } : answer;
  }

  #program(request: CommandRequest): FakeProgram {
    const [name = '', ...words] = request.command;
    const known = this.programs.get([name, ...words].join(' ')) ?? this.programs.get(name);
    if (known) return typeof known === 'function' ? known(request) : known;
    switch (name) {
      case 'true':
        return {};
      case 'false':
        return { exitCode: 1 };
      case 'echo':
        return { output: [words.join(' ')] };
      case 'sleep':
        return { takesMs: Number(words[0]) * 1000 };
      default:
        return { exitCode: 127, output: [`${name}: not found`] };
    }
  }
}
