import { addAbortSignal, type Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandResult } from '../../runner/ports/ports.ts';
import type { Engine } from './engine.ts';
import { outputOf } from './frames.ts';

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

/** Runs a command in a container. One that takes too long is left to itself: the Engine has no way to end it. */
export async function executed({ engine, name, command, user, withinMs }: Execution): Promise<CommandResult> {
  return engine.call({
    what: `run ${command.join(' ')} in container ${name}`,
    withinMs,
    async ask(docker, abortSignal) {
      const attached = { AttachStdout: true, AttachStderr: true };
      const options = { Cmd: [...command], ...attached, ...(user !== undefined && { User: user }), abortSignal };
      const exec = await docker.getContainer(name).exec(options);
      // Hijacked, so that a lost connection is an error: the end of a plain answer without a length proves nothing.
      const stream = await exec.start({ hijack: true, Detach: false, Tty: false, abortSignal });
      const output = outputOf(await bytesOf(addAbortSignal(abortSignal, stream)), false);
      for (;;) {
        const { Running, ExitCode } = await exec.inspect({ abortSignal });
        if (!Running && ExitCode !== null) return { exitCode: ExitCode, output };
        await pause(LOOK_AGAIN_MS, undefined, { signal: abortSignal });
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
