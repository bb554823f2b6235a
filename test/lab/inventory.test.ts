import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostsOf } from '../../lab/host.ts';
import { inventoryText } from '../../lab/inventory.ts';
import { loadInventory } from '../../src/config/inventory/load.ts';

describe('the inventory of the lab', () => {
  const withoutHead = (text: string): string => text.slice(text.indexOf('\n'));

  it('is for three hosts what inventory/lab.ini is', () => {
    const shipped = readFileSync('inventory/lab.ini', 'utf8');

    expect(withoutHead(inventoryText(hostsOf(3)))).toBe(withoutHead(shipped));
  });

  it.each([1, 5])('has %i hosts when so many are up', (count) => {
    const file = join(mkdtempSync(join(tmpdir(), 'sluice-inventory-')), 'inventory.ini');
    writeFileSync(file, inventoryText(hostsOf(count)));

    const names = [...loadInventory([file]).hosts.keys()];

    expect(names).toEqual(hostsOf(count).map(({ name }) => name));
  });
});
