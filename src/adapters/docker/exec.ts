import { addAbortSignal, type Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandResult } from '../../runner/ports/ports.ts';
import type { Engine } from './engine.ts';
import { outputOf } from './frames.ts';
import { newMark, signalled } from './guard.ts';

/** More than this of a command's output is thrown away. */
const OUTPUT_LIMIT_BYTES = 1024 * 1024;

/** The Engine may close the output a moment before it knows the exit status. */
const LOOK_AGAIN_MS = 20;

export interface Execution {
  readonly engine: Engine;
  readonly name: string;
  readonly command: readonly string[];
  /** Default: the container's. */
  readonly user?: string;
  readonly withinMs: number;
}

/**
 * Runs a command in a container. One that takes too long is killed by another one, while nobody waits for that: the Engine
 * would leave it there, and whoever looks again and again would fill the container. Without a shell it is left to itself.
 */
export async function executed({ engine, name, command, user, withinMs }: Execution): Promise<CommandResult> {
  return engine.call({
    what: `run ${command.join(' ')} in container ${name}`,
    withinMs,
    async ask(docker, abortSignal) {
      const mark = newMark();
      const attached = { AttachStdout: true, AttachStderr: true, ...(user !== undefined && { User: user }) };
      const options = { Cmd: [...command], Env: [mark], ...attached, abortSignal };
      const exec = await docker.getContainer(name).exec(options);
      try {
        // Hijacked, so that a lost connection is an error: the end of a plain answer without a length proves nothing.
        const stream = await exec.start({ hijack: true, Detach: false, Tty: false, abortSignal });
        const output = outputOf(await bytesOf(addAbortSignal(abortSignal, stream)), false);
        for (;;) {
          const { Running, ExitCode } = await exec.inspect({ abortSignal });
          if (!Running && ExitCode !== null) return { exitCode: ExitCode, output };
          await pause(LOOK_AGAIN_MS, undefined, { signal: abortSignal });
        }
      } catch (error) {
        // What is wrong with ending it is seen by the next look.
        if (abortSignal.aborted) await Promise.allSettled([signalled(docker, { name, mark, user, signal: 'KILL' })]);
        throw error;
      }
    },
  });
}

async function bytesOf(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (bytes < OUTPUT_LIMIT_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(chunks);
}
