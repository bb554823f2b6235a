import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Ended {
  /** From before its start to after its end. */
  readonly ms: number;
  readonly stdout: string;
}

/** Runs a program and times it. @throws Error with the end of what it said when it fails. */
export async function timed(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const beganAt = performance.now();
  const env = { ...process.env, ...environment };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  const ms = performance.now() - beganAt;
  if (status === 0) return { ms, stdout };
  const said = `${stdout}\n${stderr}`.trim().slice(-3_000);
  throw new Error(`Cannot finish ${command} ${args.join(' ')}: it exits with ${status ?? 'a signal'}\n${said}`);
}
