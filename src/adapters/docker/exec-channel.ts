import { Duplex, PassThrough } from 'node:stream';
import { Failure } from '../../errors.ts';
import type { Relay } from '../relay.ts';
import { RelaySocket } from '../relay-socket.ts';
import type { Engine } from './engine.ts';
import { unframing } from './frames.ts';

const OPENS_WITHIN_MS = 10_000;

interface Opening {
  readonly engine: Engine;
  /** Name of the container. */
  readonly name: string;
  readonly path: string;
  readonly relay: Relay;
  /** The socket has been reached: it has sent something. */
  readonly onProven: () => void;
}

/**
 * A unix socket in a container, as the container's root.
 *
 * @throws Failure when the relay cannot be started; that it does not reach the socket is told by the stream
 */
export async function openIn({ engine, name, path, relay, onProven }: Opening): Promise<RelaySocket> {
  const what = `open ${path} in container ${name}`;
  return engine.call({
    what,
    withinMs: OPENS_WITHIN_MS,
    async ask(docker, abortSignal) {
      const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
      const command = { Cmd: ['sh', '-c', `exec ${relay.line}`], User: '0' };
      const exec = await docker.getContainer(name).exec({ ...attached, ...command, abortSignal });
      const stream = await exec.start({ hijack: true, stdin: true, Detach: false, Tty: false, abortSignal });
      const exitCode = async (): Promise<number | null> => (await exec.inspect()).ExitCode;
      const channel = new ExecChannel(stream, exitCode, `${what} on ${engine.host}`);
      return new RelaySocket(channel, { relay, what: `${what} on ${engine.host}`, onProven });
    },
  });
}

/** The input and output of a command in a container, as SSH has a channel: `exit` is how it ended, after its output. */
class ExecChannel extends Duplex {
  readonly stderr = new PassThrough();
  readonly #stream: Duplex;

  /** `stream`: as the Engine has hijacked it. `exitCode`: of the command, once that output has ended. */
  constructor(stream: Duplex, exitCode: () => Promise<number | null>, what: string) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
    const hear = unframing((piece, isError) => {
      if (isError) this.stderr.write(piece);
      else if (!this.push(piece)) stream.pause();
    });
    stream.on('data', hear);
    stream.on('error', (error: Error) => this.destroy(error));
    stream.on('end', () => void this.#exited(exitCode));
    stream.on('close', () => {
      const why = 'the connection to the Engine is lost';
      if (!stream.readableEnded) this.destroy(new Failure('unreachable', `Cannot ${what}: ${why}`));
    });
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#stream.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#stream.destroyed) this.#stream.end();
    callback();
  }

  /** The Engine closes the command's input with the stream. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stream.destroy();
    callback(error);
  }

  async #exited(exitCode: () => Promise<number | null>): Promise<void> {
    this.emit('exit', await exitCode().catch(() => null));
    this.push(null);
  }
}
