import { addAbortSignal } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { CommandEnd, CommandRequest } from '../../runner/ports/commands.ts';
import { END_WITHIN_MS, withinLimits } from '../lifeline.ts';
import { OutputEnds } from '../output-ends.ts';
import type { Engine } from './engine.ts';
import { unframing } from './frames.ts';
import { guarded, newMark, signalled } from './guard.ts';

/** The Engine may close the output a moment before it knows the exit status. */
const LOOK_AGAIN_MS = 20;
/** Milliseconds. */
const KILLED_WITHIN_MS = 2_000;
/** For what is asked of the Engine besides. */
const ANSWERS_MS = 15_000;

/**
 * Runs a command in a container. It is told to end by another one, also when we are gone, which needs a shell in the
 * container; without one it is left to itself.
 */
export async function ranIn(engine: Engine, name: string, request: CommandRequest): Promise<CommandEnd> {
  const { command, withinMs } = request;
  const output = new OutputEnds();
  const mark = newMark();
  const exitCode = await withinLimits(request, (until) =>
    engine.call({
      what: `run ${command[0] ?? ''} in container ${name}`,
      withinMs: withinMs + 2 * END_WITHIN_MS + ANSWERS_MS,
      ask: (docker, abortSignal) =>
        guarded(docker, { name, mark }, () => exited({ docker, name, mark, request, output, until, abortSignal })),
    }),
  );
  return { exitCode, output: output.lines() };
}

interface Marked {
  readonly docker: Dockerode;
  readonly name: string;
  readonly mark: string;
  readonly request: CommandRequest;
  readonly output: OutputEnds;
  readonly until: AbortSignal;
  readonly abortSignal: AbortSignal;
}

/** Its exit status; undefined: it was told to end. */
async function exited(marked: Marked): Promise<number | undefined> {
  const { docker, name, mark, request, output, until, abortSignal } = marked;
  const Env = [...Object.entries(request.env).map(([key, value]) => `${key}=${value}`), mark];
  const options = { Cmd: [...request.command], Env, AttachStdout: true, AttachStderr: true, abortSignal };
  const exec = await docker.getContainer(name).exec(options);
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
