/** For tests about one host: they may run side by side, each worker with a host of the lab for itself. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hosts, labResetHost } from '../../lab/lab.ts';
import { startLoad, type Load } from '../../lab/load/load.ts';
import { labDir, type LabSettings } from '../../lab/settings.ts';
import { until } from '../../lab/wait.ts';
import { hostNamed, REQUESTS_PER_SECOND } from './fleet.ts';

/** The name of the worker's host: the first that no other worker has, or has left behind. */
export const own = await taken();

// The last run of this worker is none of another's.
process.env['SLUICE_STATE'] = `${process.env['SLUICE_STATE'] ?? ''}/${own}`;

export function ownHost(): ReturnType<typeof hostNamed> {
  return hostNamed(own);
}

/** Back to what the lab was brought up with, with other options if any are given. */
export async function resetOwn(options: Partial<LabSettings> = {}): Promise<void> {
  await labResetHost(ownHost(), options);
}

/** Mixed load on the host. Web sockets, which only end when they are made to, only where a test is about them. */
export function loadOwn({ webSockets = 0 } = {}): Load {
  return startLoad({ targets: [ownHost()], requestsPerSecond: REQUESTS_PER_SECOND, webSockets });
}

async function taken(): Promise<string> {
  let name: string | undefined;
  const take = async (): Promise<boolean> => {
    name = hosts().find((host) => isOurs(join(labDir, `worker-${host.name}`)))?.name;
    return name !== undefined;
  };
  await until('a host that no other worker has', take, { withinMs: 60_000, everyMs: 100 });
  return name ?? '';
}

/** A worker is a process, and has its host until it ends. */
function isOurs(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    process.once('exit', () => {
      rmSync(file, { force: true });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = Number(readFileSync(file, 'utf8'));
  if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
