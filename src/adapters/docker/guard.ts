/** Ends commands in containers, by other commands there: the Engine itself has no way to. */
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { beatsUntil } from '../lifeline.ts';
import { keepTalking } from '../link.ts';
import { statusOf } from './engine.ts';

/** Milliseconds that sending a signal may take, once the Engine has begun with it. */
const SIGNALLED_WITHIN_MS = 2_000;
const BEGUN_WITHIN_MS = 15_000;

/** A guard that hears nothing for so long ends the command: it has to be gone before the lock is free, after 45 s. */
const SILENCE_MS = 30_000;

/** What a command has in its environment, and all that it starts. */
const MARK = 'SLUICE_COMMAND';

export function newMark(): string {
  return `${MARK}=${randomUUID()}`;
}

/** Sends signal $1 to every process that has $0 in its environment, by what every shell has by itself. */
const SIGNAL = `for d in /proc/[0-9]*; do
  while IFS= read -r x || [ -n "$x" ]; do
    case $x in *"$0"*) kill "-$1" "\${d#/proc/}"; break ;; esac
    x=
  done < "$d/environ"
done 2> /dev/null`;

/**
 * Hears beats on its stdin, each of which must come within $1 seconds, where there is a timeout(1) to tell. When one does
 * not (124, of some 143), or stdin ends because whoever asked is gone (9), it ends the command as a host does: TERM, and
 * KILL a second later. Another word (3) is that all is over.
 */
export const GUARD = `say() { ${SIGNAL}; }
plain() { IFS= read -r w || return 9; [ "$w" = beat ] || return 3; }
hear() { plain; }
if timeout 5 true 2> /dev/null; then
  hear() { timeout "$1" sh -c 'IFS= read -r w || exit 9; [ "$w" = beat ] || exit 3'; }
fi
while :; do
  hear "$1"
  case $? in 0) ;; 3) exit 0 ;; 9 | 124 | 143) break ;; *) hear() { plain; } ;; esac
done 2> /dev/null
say TERM; sleep 1; say KILL`;

interface Guarded {
  /** Name of the container. */
  readonly name: string;
  /** In the environment of the command. */
  readonly mark: string;
}

/**
 * Does it, which runs a command that has the mark, and has the command ended in case that we are gone before it is. In a
 * container without a shell it goes on then.
 */
export async function guarded<T>(docker: Dockerode, { name, mark }: Guarded, run: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const guard = await guardOf(docker, { name, mark });
  const silence = guard && keepTalking(guard, beatsUntil(over.signal));
  try {
    return await run();
  } finally {
    over.abort();
    silence?.();
  }
}

async function guardOf(docker: Dockerode, { name, mark }: Guarded): Promise<Duplex | undefined> {
  const Cmd = ['/bin/sh', '-c', GUARD, mark, String(SILENCE_MS / 1000)];
  try {
    const exec = await docker.getContainer(name).exec({ Cmd, AttachStdin: true, AttachStdout: true });
    const stream = await exec.start({ hijack: true, stdin: true, Detach: false, Tty: false });
    stream.on('error', () => undefined).resume();
    return stream;
  } catch (error) {
    // What the Engine has to say against it, it has to say against the command, too; or there is no shell.
    if (statusOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Sends a signal to what has the mark. `user`: of the command, if that is not the container's. */
export async function signalled(
  docker: Dockerode,
  { name, mark, user, signal }: Guarded & { readonly user?: string | undefined; readonly signal: 'TERM' | 'KILL' },
): Promise<void> {
  const abortSignal = AbortSignal.timeout(BEGUN_WITHIN_MS);
  const attached = { AttachStdout: true, AttachStderr: true, ...(user !== undefined && { User: user }) };
  const exec = await docker
    .getContainer(name)
    .exec({ Cmd: ['/bin/sh', '-c', SIGNAL, mark, signal], ...attached, abortSignal });
  const stream = await exec.start({ hijack: true, Detach: false, Tty: false, abortSignal });
  stream.resume();
  await Promise.race([
    new Promise((resolve) => {
      stream.on('close', resolve).on('error', resolve).on('end', resolve);
    }),
    pause(SIGNALLED_WITHIN_MS),
  ]);
  stream.destroy();
}
