import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { daemonNames, startDaemonOf } from './daemons.ts';
import type { Host } from './host.ts';
import { processesOf, renewBootId, runFolders } from './namespaces.ts';
import { cut, heal } from './network.ts';
import { killAllAtOnce } from './processes.ts';
import { all } from './wait.ts';

/**
 * The power fails: nobody is told, nothing is left but what is on the disk. All at one moment: a Docker that lives to see
 * its containers die restarts them, and one that dies in the middle of that never gives the port free again ("port is
 * already allocated" at every start, Docker 20.10).
 */
export async function powerOff(host: Host): Promise<void> {
  await cut(host);
  await killAllAtOnce(`the processes of ${host.name}`, () => processesOf(host));
  const dir = join(host.dir, 'run');
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
}

/** The host boots: its daemons start, and Docker starts the containers that their restart policy tells it to. */
export async function powerOn(host: Host): Promise<void> {
  for (const dir of runFolders) mkdirSync(join(host.dir, dir), { recursive: true });
  renewBootId(host);
  await heal(host);
  await all(daemonNames.map((name) => startDaemonOf(host, name)));
}
