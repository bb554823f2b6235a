import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/**
 * Runs `work` while this process holds an flock(1) on the file, which stays. The kernel lets go of it when we die,
 * however we do.
 *
 * @throws Error that names who has it, once `withinSeconds` are over
 */
export async function holding<T>(file: string, work: () => Promise<T>, withinSeconds?: number): Promise<T> {
  const patience = withinSeconds === undefined ? [] : ['-w', String(withinSeconds)];
  // It lasts as long as `cat`, which ends with its stdin: also when we are killed.
  const script = 'echo "$2" > "$1"; echo; exec cat';
  const command = [...patience, file, 'sh', '-c', script, 'sh', file, String(process.pid)];
  // A Ctrl-C is ours to heed: the lock is held until we have cleaned up.
  const holder = spawn('flock', command, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(holder, 'close');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => {
      throw new Error(`Cannot lock ${file}: process ${readFileSync(file, 'utf8').trim() || 'unknown'} has it`);
    }),
  ]);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
