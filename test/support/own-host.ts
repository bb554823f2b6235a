/** For tests about one host: they run side by side, each worker with a host of the lab for itself. */
import { labResetHost } from '../../lab/lab.ts';
import { startLoad, type Load } from '../../lab/load/load.ts';
import type { LabSettings } from '../../lab/settings.ts';
import { hostNamed } from './fleet.ts';

const worker = process.env['VITEST_POOL_ID'] ?? '1';

/** The name of the worker's host. */
export const own = `fe${worker}`;

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
  return startLoad({ targets: [ownHost()], requestsPerSecond: 230, webSockets });
}
