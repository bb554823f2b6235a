/** The control groups of the lab's containers: below one of the lab's own, in every hierarchy of v1 and in that of v2. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.ts';

const root = '/sys/fs/cgroup';
const ofTheLab = '/sluice-lab';

/**
 * The hosts stand for machines of their own, which whatever else this one does leaves alone: a compiler beside them must
 * not keep HAProxy's checks waiting. Daemons get it by this command, containers by {@link favourCgroups}.
 */
export const favoured = ['nice', '-n', '-10'] as const;

/** Twenty times the share of a process, in the units of cgroups v1 and v2. */
const shares = { 'cpu.shares': '20480', 'cpu.weight': '2000' } as const;

/** The parent of the cgroups of the host's containers. */
export function cgroupOf(host: Host): string {
  return `${ofTheLab}/${host.name}`;
}

export function favourCgroups(): void {
  for (const hierarchy of hierarchies().filter((dir) => existsSync(join(dir, 'cpu.stat')))) {
    const dir = join(hierarchy, ofTheLab);
    mkdirSync(dir, { recursive: true });
    for (const [file, share] of Object.entries(shares)) {
      // In v2 the controller may not be switched on for it.
      if (existsSync(join(dir, file))) writeFileSync(join(dir, file), share);
    }
  }
}

/** Those of one host, or of the whole lab. */
export function removeCgroups(host?: Host): void {
  for (const hierarchy of hierarchies()) removeEmptyDirs(join(hierarchy, host ? cgroupOf(host) : ofTheLab));
}

function hierarchies(): readonly string[] {
  return ['', ...readdirSync(root)].map((controller) => join(root, controller));
}

function removeEmptyDirs(dir: string): void {
  if (!dir.startsWith(`${root}/`) || !existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyDirs(join(dir, entry.name));
  }
  rmdirSync(dir);
}
