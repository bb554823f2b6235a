import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { cleanEnvironment } from './shell.ts';
import { until } from './wait.ts';

export interface Process {
  readonly pid: number;
  /** The kernel's name of the program, at most 15 characters. */
  readonly name: string;
  readonly parent: number;
  readonly command: string;
  readonly net: string;
  readonly mount: string;
  readonly cgroup: string;
}

/** Starts a program that outlives us, its output in `log`, its pid in `pidFile`. */
export function startDaemon(command: readonly string[], files: { log: string; pidFile: string }): void {
  const [program = '', ...args] = command;
  mkdirSync(dirname(files.pidFile), { recursive: true });
  const log = openSync(files.log, 'a');
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: cleanEnvironment,
  });
  closeSync(log);
  child.on('error', () => undefined);
  child.unref();
  if (child.pid !== undefined) writeFileSync(files.pidFile, String(child.pid));
}

/** The process of a pid file; undefined when it is gone or when its number now is that of another program. */
export function processOf(pidFile: string, isIt: (process: Process) => boolean): Process | undefined {
  const pid = Number(textOf(pidFile));
  const process = pid > 0 ? processWith(pid) : undefined;
  return process !== undefined && isIt(process) ? process : undefined;
}

/** All processes of the machine that still run. */
export function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processWith(Number(name)))
    .filter((process) => process !== undefined);
}

/** Sends SIGKILL to the processes that `which` answers until it answers none. */
export async function killAll(what: string, which: () => readonly Process[]): Promise<void> {
  const isOver = async (): Promise<boolean | string> => {
    const left = which();
    for (const { pid } of left) signal(pid, 'SIGKILL');
    return left.length === 0 || left.map(({ pid, name }) => `${name} ${pid}`).join(', ');
  };
  await until(`the end of ${what}`, isOver, { withinMs: 10_000, everyMs: 20 });
}

/** The same with all of them at one moment: none sees another die, and none writes down what it saw. */
export async function killAllAtOnce(what: string, which: () => readonly Process[]): Promise<void> {
  const stopped = new Set<number>();
  for (;;) {
    const running = which().filter(({ pid }) => !stopped.has(pid));
    if (running.length === 0) break;
    for (const { pid } of running) {
      signal(pid, 'SIGSTOP');
      stopped.add(pid);
    }
  }
  await killAll(what, which);
}

/** Sends a signal; a process that has just ended is no failure. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** As the links in /proc/PID/ns have it; undefined when the file is no namespace, as after a reboot. */
export function namespaceOf(file: string, kind: 'net' | 'mnt'): string | undefined {
  try {
    const { ino, dev } = statSync(file);
    return dev === statSync(`/proc/self/ns/${kind}`).dev ? `${kind}:[${ino}]` : undefined;
  } catch {
    return undefined;
  }
}

function processWith(pid: number): Process | undefined {
  const dir = `/proc/${pid}`;
  const stat = /^\d+ \((.*)\) (\S) (\d+) /s.exec(textOf(`${dir}/stat`));
  const [, name = '', state = 'X', parent = '0'] = stat ?? [];
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    name,
    parent: Number(parent),
    command: textOf(`${dir}/cmdline`).replaceAll('\0', ' ').trim(),
    net: linkOf(`${dir}/ns/net`),
    mount: linkOf(`${dir}/ns/mnt`),
    cgroup: textOf(`${dir}/cgroup`),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
