import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { Failure, reasonOf } from '../../errors.ts';
import { placeOf, type SshAddress } from './address.ts';

const STDERR_LIMIT = 500;

/** The standard input and output of a command of ~/.ssh/config, which is ended with the stream. */
export async function proxyStream(address: SshAddress, command: string): Promise<Duplex> {
  // In a group of its own: Ctrl-C is for us, the connection is still needed.
  const child = spawn(process.env['SHELL'] ?? '/bin/sh', ['-c', `exec ${command}`], { detached: true });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-STDERR_LIMIT);
  });
  const failure = (why: string, cause?: unknown): Failure => {
    const words = said.trim().replaceAll(/\s*\n\s*/g, '; ');
    const reason = words === '' ? why : `${why}: ${words}`;
    return new Failure('unreachable', `Cannot reach ${placeOf(address)}: its ProxyCommand ${reason}`, { cause });
  };
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw failure(`cannot be run (${reasonOf(error)})`, error);
  }
  const { stdin, stdout } = child;
  stdin.on('error', () => undefined);
  const stream = new Duplex({
    read: () => stdout.resume(),
    write: (chunk: Buffer, encoding, done) => {
      stdin.write(chunk, encoding, () => {
        done();
      });
    },
    final: (done) => {
      stdin.end();
      done();
    },
    destroy: (error, done) => {
      stdin.destroy();
      stdout.destroy();
      child.kill('SIGHUP');
      done(error);
    },
  });
  stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  child.on('close', (code: number | null, signal: string | null) => {
    stream.destroy(failure(code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with status ${code}`));
  });
  return stream;
}
