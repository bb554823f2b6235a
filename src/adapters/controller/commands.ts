import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure, reasonOf } from '../../errors.ts';
import type {
  AddressAnswer,
  AddressQuestion,
  Asking,
  CommandEnd,
  CommandRequest,
  Commands,
} from '../../runner/ports/commands.ts';
import { askAddress } from '../http-get.ts';
import { END_WITHIN_MS, END_WORD, onLifeline, withinLimits } from '../lifeline.ts';
import { OutputEnds } from '../output-ends.ts';

/** What of our own environment commands get: who they are, and how to find and say things. */
const PASSED_ON = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|SSH_AUTH_SOCK)$/;

interface Options {
  /** Where they run. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The machine that we run on. Its commands end with us, and know nothing of what our environment holds besides. */
export class ControllerCommands implements Commands, Asking {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor({ folder, environment }: Options) {
    this.#folder = folder;
    this.#environment = Object.fromEntries(Object.entries(environment).filter(([name]) => PASSED_ON.test(name)));
  }

  async run({ command, env, ...limits }: CommandRequest): Promise<CommandEnd> {
    const output = new OutputEnds();
    const [program, ...words] = onLifeline(command);
    const exitCode = await withinLimits(limits, async (until) => {
      const options = { cwd: this.#folder, env: { ...this.#environment, ...env }, detached: true } as const;
      const child = spawn(program, words, { ...options, stdio: 'pipe' });
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          output.add(chunk);
        });
      }
      child.stdin.on('error', () => undefined).write('\n');
      until.addEventListener('abort', () => child.stdin.end(END_WORD));
      if (until.aborted) child.stdin.end(END_WORD);
      const closed = once(child, 'close').catch((error: unknown) => {
        throw new Failure('error', `Cannot run ${command[0] ?? ''} in ${this.#folder}: ${reasonOf(error)}`, {
          cause: error,
        });
      });
      const [code] = (await Promise.race([closed, stuck(until)])) as [number | null];
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      return code ?? 128;
    });
    return { exitCode, output: output.lines() };
  }

  ask(question: AddressQuestion): Promise<AddressAnswer> {
    return askAddress(dial, question);
  }
}

async function dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Something that it has started lives on, and holds its output. */
async function stuck(until: AbortSignal): Promise<[null]> {
  await new Promise((resolve) => {
    if (until.aborted) resolve(undefined);
    until.addEventListener('abort', resolve);
  });
  await pause(2 * END_WITHIN_MS, undefined, { ref: false });
  return [null];
}
