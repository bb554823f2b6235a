import { randomUUID } from 'node:crypto';
import { addAbortSignal } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { CommandEnd, CommandRequest } from '../../runner/ports/commands.ts';
import { END_WITHIN_MS, withinLimits } from '../lifeline.ts';
import { OutputEnds } from '../output-ends.ts';
import type { Engine } from './engine.ts';
import { unframing } from './frames.ts';

/** The Engine may close the output a moment before it knows the exit status. */
const LOOK_AGAIN_MS = 20;
const KILLED_WITHIN_MS = 2_000;
/** For what is asked of the Engine besides. */
const ANSWERS_MS = 15_000;

/** What a command has in its environment, and all that it starts: the Engine itself has no way to end it. */
const MARK = 'SLUICE_COMMAND';

/** Sends signal $1 to every process that has $0 in its environment, by what every shell has by itself. */
const SIGNAL = `for d in /proc/[0-9]*; do
  while IFS= read -r x || [ -n "$x" ]; do
    case $x in *"$0"*) kill "-$1" "\${d#/proc/}"; break ;; esac
    x=
  done < "$d/environ"
done 2> /dev/null`;

/**
 * Runs a command in a container. It is told to end by another one, which needs a shell in the container; without one it
 * is left to itself.
 */
export async function ranIn(engine: Engine, name: string, request: CommandRequest): Promise<CommandEnd> {
  const { command, env, ...limits } = request;
  const output = new OutputEnds();
  const mark = `${MARK}=${randomUUID()}`;
  const exitCode = await withinLimits(limits, (until) =>
    engine.call({
      what: `run ${command[0] ?? ''} in container ${name}`,
      withinMs: limits.withinMs + 2 * END_WITHIN_MS + ANSWERS_MS,
      async ask(docker, abortSignal) {
        const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
        const options = { Cmd: [...command], Env: [...pairs, mark], AttachStdout: true, AttachStderr: true };
        const exec = await docker.getContainer(name).exec({ ...options, abortSignal });
        // Hijacked, so that a lost connection is an error: the end of a plain answer without a length proves nothing.
        const stream = await exec.start({ hijack: true, Detach: false, Tty: false, abortSignal });
        const hear = unframing((piece) => {
          output.add(piece);
        });
        addAbortSignal(abortSignal, stream);
        const ended = (async () => {
          for await (const chunk of stream as AsyncIterable<Buffer>) hear(chunk);
          return true;
        })();
        ended.catch(() => undefined);
        try {
          if (!(await endedBy(ended, until, (signal) => signalled(docker, { name, mark, signal })))) return undefined;
        } finally {
          stream.destroy();
        }
        for (;;) {
          const { Running, ExitCode } = await exec.inspect({ abortSignal });
          if (!Running && ExitCode !== null) return ExitCode;
          await pause(LOOK_AGAIN_MS, undefined, { signal: abortSignal });
        }
      },
    }),
  );
  return { exitCode, output: output.lines() };
}

/** Whether it has ended: by itself, or told to once `until` aborts. */
async function endedBy(
  ended: Promise<boolean>,
  until: AbortSignal,
  tell: (signal: 'TERM' | 'KILL') => Promise<void>,
): Promise<boolean> {
  const due = new Promise<boolean>((resolve) => {
    if (until.aborted) resolve(false);
    until.addEventListener('abort', () => {
      resolve(false);
    });
  });
  if (await Promise.race([ended, due])) return true;
  await tell('TERM');
  if (await Promise.race([ended, pause(END_WITHIN_MS, false)])) return true;
  await tell('KILL');
  return Promise.race([ended, pause(KILLED_WITHIN_MS, false)]);
}

async function signalled(
  docker: Dockerode,
  { name, mark, signal }: { readonly name: string; readonly mark: string; readonly signal: string },
): Promise<void> {
  const options = { Cmd: ['/bin/sh', '-c', SIGNAL, mark, signal], AttachStdout: true, AttachStderr: true };
  const exec = await docker.getContainer(name).exec(options);
  const stream = await exec.start({ hijack: true, Detach: false, Tty: false });
  stream.resume();
  await Promise.race([
    new Promise((resolve) => {
      stream.on('close', resolve).on('error', resolve).on('end', resolve);
    }),
    pause(KILLED_WITHIN_MS),
  ]);
  stream.destroy();
}
