import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inside, type Host } from '../../lab/host.ts';

/** A small file system of its own, on this machine or on a host of the lab. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves no room in it; at once, so that nothing happens meanwhile. */
  fill(): void;
  /** Makes room again. */
  clear(): void;
  unmount(): void;
}

const SIZE = '256k';
const FILLING = 'filling';

/** On this machine, in a folder of its own. */
export function smallDisk(): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
  shell(`mount -t tmpfs -o size=${SIZE} tmpfs ${path}`);
  const filling = join(path, FILLING);
  return {
    path,
    fill: () => {
      const file = openSync(filling, 'a');
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch (error) {
        if (statfsSync(path).bfree > 0) throw error;
      } finally {
        closeSync(file);
      }
    },
    clear: () => {
      rmSync(filling);
    },
    unmount: () => {
      shell(`umount ${path}`);
      rmSync(path, { recursive: true });
    },
  };
}

/** Over a folder that is there on a host, with what is in it: for all in its namespaces, its daemons included. */
export function smallDiskOn(host: Host, path: string): SmallDisk {
  const on = (line: string): void => {
    shell(line, host);
  };
  const like = `mode=$(stat -c %a ${path}),gid=$(stat -c %g ${path})`;
  const copied = `copy=$(mktemp -d) && cp -a ${path}/. "$copy"`;
  on(`${copied} && mount -t tmpfs -o size=${SIZE},${like} tmpfs ${path} && cp -a "$copy"/. ${path} && rm -r "$copy"`);
  return {
    path,
    fill: () => {
      on(`! cat /dev/zero > ${path}/${FILLING} 2> /dev/null && [ "$(stat -fc %a ${path})" = 0 ]`);
    },
    clear: () => {
      on(`rm ${path}/${FILLING}`);
    },
    unmount: () => {
      on(`umount ${path}`);
    },
  };
}

function shell(line: string, host?: Host): void {
  const command = ['sh', '-c', line] as const;
  const { status, stderr } = host
    ? spawnSync('nsenter', inside(host, command), { encoding: 'utf8' })
    : spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`"${line}"${host ? ` on ${host.name}` : ''} fails: ${stderr}`);
}
