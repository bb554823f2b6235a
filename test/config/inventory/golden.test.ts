import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/config/inventory/inventory.ts';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { selectHosts } from '../../../src/config/inventory/patterns.ts';

/** What Ansible made of it; recorded by golden/record.sh. */
interface Expected {
  readonly hosts: Record<string, { vars: Record<string, unknown>; groups: string[] }>;
  readonly groups: Record<string, string[]>;
  readonly patterns: Record<string, string[]>;
}

const golden = join(import.meta.dirname, 'golden');
const folders = readdirSync(golden).filter((name) => existsSync(join(golden, name, 'expected.json')));

describe.each(folders)('golden/%s', (folder) => {
  const expected = JSON.parse(readFileSync(join(golden, folder, 'expected.json'), 'utf8')) as Expected;
  const started = process.cwd();
  let inventory: Inventory;

  beforeEach(() => {
    process.chdir(join(golden, folder));
    inventory = loadInventory(readFileSync('sources.txt', 'utf8').trimEnd().split('\n'));
  });

  afterEach(() => process.chdir(started));

  it('has the hosts, variables and groups that Ansible has', () => {
    const hosts = [...inventory.hosts].map(([name, { vars, groups }]) => [name, { vars, groups }]);

    expect(Object.fromEntries(hosts)).toEqual(expected.hosts);
    expect(Object.fromEntries(inventory.groups)).toEqual(expected.groups);
  });

  it('selects the hosts that Ansible selects, for the patterns recorded of it', () => {
    const selected = Object.keys(expected.patterns).map((line) => {
      const [pattern = '', limit] = line.split(' -l ');
      return [line, selectHosts(inventory, pattern, limit)];
    });

    expect(Object.fromEntries(selected)).toEqual(expected.patterns);
  });
});

it('there are enough of them', () => {
  expect(folders.length).toBeGreaterThanOrEqual(25);
});
