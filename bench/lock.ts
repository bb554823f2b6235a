import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs `work` while this process holds an flock(1) on the file; without a file it just runs. */
export async function holding<T>(file: string | undefined, work: () => Promise<T>): Promise<T> {
  if (file === undefined) return await work();
  // The lock lasts as long as `cat`, which ends with its stdin: also when we are killed.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'close');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => {
      throw new Error(`Cannot lock ${file}`);
    }),
  ]);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
