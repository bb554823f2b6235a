import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { processes } from './processes.ts';
import { labDir } from './settings.ts';
import { until } from './wait.ts';

const lockFile = `${labDir}.lock`;
const withinMs = 120_000;

/** Runs `work` while no other process changes the fleet; the lock of a process that was killed is nobody's. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  await until('another command that changes the lab', async () => isTaken(), { withinMs, everyMs: 100 });
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function isTaken(): boolean | string {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = Number(readFileSync(lockFile, 'utf8'));
  if (processes().some(({ pid, name }) => pid === holder && name === 'node')) return `process ${holder} has the lock`;
  rmSync(lockFile, { force: true });
  return `process ${holder} has left the lock`;
}
