import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Ended } from './sluice.ts';

interface CommandLine {
  /** The folder to run in, such as one of `folderWith`. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The streams whose reader is gone before the first word is written. */
  readonly broken?: readonly ('stdout' | 'stderr')[];
  /** Another program than `bin/sluice` of this tree. */
  readonly program?: string;
}

/** Compiles what `bin/sluice` runs. */
export function build(): void {
  const { status, stderr } = spawnSync('bin/build', { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
}

/** Runs the command line as built, without a terminal, to its end. */
export async function commandLine(args: readonly string[], options: CommandLine = {}): Promise<Ended> {
  const { cwd, env = {}, broken = [], program = resolve('bin/sluice') } = options;
  const neutral = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ANSIBLE_INVENTORY: undefined };
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...neutral, ...env } });
  for (const name of broken) child[name].destroy();
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

/** A new folder under the system's for temporary ones, with these files in it. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
