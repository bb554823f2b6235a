import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepTalking, type Link, type RunOptions, type RunResult, type Running } from '../../src/adapters/link.ts';

/** Nobody; whoever runs the tests without being root is ordinary enough. */
const ORDINARY = process.getuid?.() === 0 ? 65_534 : undefined;

export type Shell = 'dash' | 'bash' | 'busybox';

interface Options {
  /** Run as a user who is not root. */
  readonly isOrdinary?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** What command lines are run by; busybox brings its own tools. Default: whatever `sh` is. */
  readonly shell?: Shell;
}

/** This machine as a host: command lines run in a shell here, which has its own `/var/lib/sluice` and `/var/tmp/sluice`. */
export class LocalLink implements Link {
  readonly host = 'fe1';
  /** Stands for `/var/lib/sluice`; not there at first. */
  readonly stateDir: string;
  /** Stands for `/var/tmp/sluice`; not there at first. */
  readonly sharedDir: string;
  readonly #folder: string;
  readonly #uid: number | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #shell: readonly [string, ...string[]];
  readonly #started = new Set<ChildProcessWithoutNullStreams>();

  constructor({ isOrdinary = false, env = {}, shell }: Options = {}) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sluice-host-'));
    chmodSync(this.#folder, 0o755);
    for (const [name, mode] of [
      ['lib', 0o755],
      ['tmp', 0o1777],
    ] as const) {
      mkdirSync(join(this.#folder, name));
      chmodSync(join(this.#folder, name), mode);
    }
    this.stateDir = join(this.#folder, 'lib/sluice');
    this.sharedDir = join(this.#folder, 'tmp/sluice');
    this.#uid = isOrdinary ? ORDINARY : undefined;
    this.#env = { ...process.env, ...env };
    this.#shell = shell === 'busybox' ? ['busybox', 'sh'] : [shell ?? 'sh'];
  }

  /** Anybody may write there then, or nobody but root. */
  makeStateDir(mode = 0o777): void {
    mkdirSync(this.stateDir);
    chmodSync(this.stateDir, mode);
  }

  async run(command: string, { stdin = '', talk, hear }: RunOptions = {}): Promise<RunResult> {
    const child = this.#spawn(command);
    for (const stream of hear ? [child.stdout, child.stderr] : []) {
      stream.on('data', (text: string) => hear?.(Buffer.from(text)));
    }
    // A command need not read what it is given.
    child.stdin.on('error', () => undefined).write(stdin);
    if (!talk) child.stdin.end();
    const hush = talk && keepTalking(child.stdin, talk);
    try {
      return await resultOf(child);
    } finally {
      hush?.();
    }
  }

  async start(command: string): Promise<Running | RunResult> {
    const child = this.#spawn(command);
    this.#started.add(child);
    child.on('close', () => this.#started.delete(child));
    const result = resultOf(child);
    let unread = '';
    let hear: (line: string) => void = () => undefined;
    const firstLine = new Promise<string>((resolve) => {
      hear = resolve;
    });
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (text: string) => {
      const lines = (unread + text).split('\n');
      unread = lines.pop() ?? '';
      for (const line of lines) hear(line);
    });
    const said = await Promise.race([firstLine, result.then(() => undefined)]);
    if (said === undefined) return result;
    const ended = new AbortController();
    void result.then(() => ended.abort());
    return {
      firstLine: said,
      say: (line) => {
        if (child.stdin.writable) child.stdin.write(`${line}\n`);
      },
      onLine: (listener) => {
        hear = listener;
      },
      ended: ended.signal,
      end: async () => {
        child.stdin.end();
        await result;
      },
    };
  }

  /** Kills what was started and still runs, all of it, as the kernel does when it runs out of memory. */
  async killStarted(): Promise<void> {
    await Promise.all(
      [...this.#started].map(async (child) => {
        const closed = once(child, 'close');
        process.kill(-(child.pid ?? 0), 'SIGKILL');
        await closed;
      }),
    );
  }

  /** What was started loses its other end, as when the machine that started it is cut off. */
  async cutOff(): Promise<void> {
    await Promise.all(
      [...this.#started].map(async (child) => {
        const closed = once(child, 'close');
        for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
        await closed;
      }),
    );
  }

  async openSocket(path: string): Promise<Socket> {
    const socket = connect(path);
    await once(socket, 'connect');
    return socket;
  }

  async openTcp(address: string, port: number): Promise<Socket> {
    const socket = connect(port, address);
    await once(socket, 'connect');
    return socket;
  }

  async close(): Promise<void> {
    await this.cutOff();
    rmSync(this.#folder, { recursive: true });
  }

  #spawn(command: string): ChildProcessWithoutNullStreams {
    const line = command.replaceAll('/var/lib/sluice', this.stateDir).replaceAll('/var/tmp/sluice', this.sharedDir);
    const [program, ...words] = this.#shell;
    const child = spawn(program, [...words, '-c', line], { cwd: '/', env: this.#env, uid: this.#uid, detached: true });
    child.stdout.setEncoding('utf8');
    child.stderr.setEncoding('utf8');
    return child;
  }
}

async function resultOf(child: ChildProcessWithoutNullStreams): Promise<RunResult> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: string) => (stdout += text));
  child.stderr.on('data', (text: string) => (stderr += text));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode: exitCode ?? 137, stdout, stderr };
}
