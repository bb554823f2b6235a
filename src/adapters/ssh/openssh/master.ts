import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { quoted } from '../../link.ts';
import { Log } from './log.ts';

/** A path of a unix socket has 108 bytes at most (unix(7)), and ssh puts 17 behind it while it makes one. */
const LONGEST_FOLDER = 70;

const READY = 'ready';

/**
 * Ends ssh, and removes the folder of its socket, when our end of its input is closed: by us, or by the system when we
 * are killed. It is the parent of ssh, whose number is nobody else's as long as it has not been waited for.
 */
const GUARD = `control=$1
shift
"$@" < /dev/null &
exec > /dev/null 2>&1
read -r word
kill $!
wait $!
rm -rf "$control"`;

/** Those options of ours that come before what is configured. */
const OURS: readonly string[] = [
  ...['BatchMode=yes', 'ControlPersist=no', 'ClearAllForwardings=yes', 'ConnectionAttempts=1'],
  ...['PermitLocalCommand=yes', `LocalCommand=echo ${READY}`],
];

/** An `ssh` that has one connection, which it shares by a socket that only we may use. */
export class Master {
  readonly controlPath: string;
  readonly log = new Log();
  /** Resolves with whether it is logged in; if not, it has ended. */
  readonly ready: Promise<boolean>;
  /** Resolves when it is gone. That it has lost its connection is to be seen by whoever uses its socket. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;

  /** `words`: options and destination, as for `ssh`. */
  static async start(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Master> {
    const temporary = Buffer.byteLength(tmpdir()) > LONGEST_FOLDER ? '/tmp' : tmpdir();
    return new Master(await mkdtemp(join(temporary, 'sluice-ssh-')), words, environment);
  }

  private constructor(folder: string, words: readonly string[], environment: NodeJS.ProcessEnv) {
    this.controlPath = join(folder, 'c');
    const options = OURS.flatMap((option) => ['-o', option]);
    const ssh = ['ssh', '-v', '-M', '-N', '-T', '-a', '-x', '-S', this.controlPath, ...options, ...words];
    // In a group of its own, and without a terminal: Ctrl-C is for us, and nobody is asked for anything.
    const env = { ...environment, SSH_ASKPASS_REQUIRE: 'never' };
    this.#child = spawn('/bin/sh', ['-c', GUARD, 'sh', folder, ...ssh], { detached: true, env });
    this.#child.on('error', () => undefined);
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.log.hear(chunk);
    });
    this.ended = this.#watch();
    this.ready = this.#watchLogin();
  }

  /** What `ssh` takes for ProxyCommand to get to %h:%p from there, over this connection. */
  get proxyCommand(): string {
    // Without that connection it would make one of its own, to nowhere: its own ProxyCommand keeps it from that.
    return `ssh -F none -S ${quoted(this.controlPath).replaceAll('%', '%%')} -o ProxyCommand=false -W [%h]:%p -- sluice`;
  }

  /** Why it has ended, as far as it said so. */
  get lastWords(): string {
    const last = this.log.said.at(-1);
    return last === undefined ? 'closed by the other side' : `ssh says: ${last}`;
  }

  /** Of no effect once it has ended. */
  end(): void {
    this.#child.stdin.end();
  }

  /** Its output ends with it, or when it has said that it is ready. */
  async #watchLogin(): Promise<boolean> {
    const { stdout } = this.#child;
    const said = once(stdout, 'data').then(() => true);
    if (await Promise.race([said, once(stdout, 'end').then(() => false), this.ended.then(() => false)])) return true;
    this.end();
    await this.ended;
    return false;
  }

  async #watch(): Promise<void> {
    await once(this.#child, 'exit').catch(() => undefined);
    // What it has said is in the pipe by now, and read in the next turn. A ProxyCommand may keep it open.
    await turn();
    this.#child.stderr.destroy();
  }
}
