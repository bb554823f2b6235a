import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory } from '../src/config/inventory/load.ts';
import { selectHosts } from '../src/config/inventory/patterns.ts';
import { median } from './table.ts';

export interface InventoryTimes {
  readonly hosts: number;
  readonly selected: number;
  /** Medians of several runs in this process. */
  readonly loadMs: number;
  readonly selectMs: number;
}

const hostCount = 10_000;
const sites = 20;
const runs = 5;
const pattern = 'web:&site_3:!web00*';

/** Loads a large inventory, with a line and a variable of its own for every host, and selects from it. */
export function inventoryTimes(): InventoryTimes {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const file = join(dir, 'hosts.ini');
    writeFileSync(file, inventoryText());
    const loads: number[] = [];
    const selects: number[] = [];
    let found = { hosts: 0, selected: 0 };
    for (let run = 0; run < runs; run += 1) {
      const beganAt = performance.now();
      const inventory = loadInventory([file]);
      const loadedAt = performance.now();
      const selected = selectHosts(inventory, pattern);
      selects.push(performance.now() - loadedAt);
      loads.push(loadedAt - beganAt);
      found = { hosts: inventory.hosts.size, selected: selected.length };
    }
    return { ...found, loadMs: median(loads), selectMs: median(selects) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export function inventoryText(): string {
  const names = Array.from({ length: hostCount }, (_, index) => `web${String(index).padStart(5, '0')}`);
  const sections = Array.from({ length: sites }, (_, site) => {
    const own = names.filter((_name, index) => index % sites === site);
    const lines = own.map(
      (name, index) => `${name} ansible_host=10.${site}.${index >> 8}.${index & 255} rack=r${index % 40}`,
    );
    return [`[site_${site}]`, ...lines, `[site_${site}:vars]`, `site=${site}`].join('\n');
  });
  const children = Array.from({ length: sites }, (_, site) => `site_${site}`);
  return [...sections, '[web:children]', ...children, '[web:vars]', 'ansible_user=deploy', ''].join('\n');
}

export function inventoryLines({ hosts, selected, loadMs, selectMs }: InventoryTimes): readonly string[] {
  const share = `${selected} of them by "${pattern}"`;
  return [
    `inventory: ${hosts} hosts loaded in ${loadMs.toFixed(0)} ms, ${share} selected in ${selectMs.toFixed(1)} ms`,
  ];
}
