/** What is named as a file may be anything that a file system has. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadInventory } from '../../src/config/inventory/load.ts';
import { selectHosts } from '../../src/config/inventory/patterns.ts';
import { bytesOf, textOf } from '../../src/config/reading.ts';
import { exitStatusOf } from '../../src/errors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-reading-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Of the inventory `hosts` beside what is made. */
function complaints(source = 'hosts'): string[] {
  return linesOf(() => loadInventory([join(folder, source)]));
}

function linesOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    expect(exitStatusOf(error)).toBe(5);
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}

function file(name: string, content = ''): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function link(name: string, to: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  symlinkSync(to, join(folder, name));
}

const CIRCLE = 'cannot be read: its symbolic links lead round in a circle';

describe('loadInventory() tells in a line of', () => {
  it.each<{ what: string; links: Readonly<Record<string, string>>; says: string }>([
    { what: 'a link to itself', links: { hosts: 'hosts' }, says: `hosts:1:1: ${CIRCLE}` },
    { what: 'one as group_vars', links: { group_vars: 'group_vars' }, says: `group_vars:1:1: ${CIRCLE}` },
    { what: 'one in group_vars', links: { 'group_vars/all': 'all' }, says: `group_vars/all:1:1: ${CIRCLE}` },
    { what: 'one in host_vars', links: { 'host_vars/fe1.yml': 'fe1.yml' }, says: `host_vars/fe1.yml:1:1: ${CIRCLE}` },
    {
      what: 'a folder that is in itself',
      links: { 'group_vars/all/again': '../all' },
      says: 'group_vars/all/again:1:1: leads round in a circle: it is in group_vars/all',
    },
    {
      what: 'a folder of all groups among them',
      links: { 'group_vars/all': '.' },
      says: 'group_vars/all:1:1: leads round in a circle: it is in group_vars',
    },
    {
      what: 'a link to nowhere',
      links: { 'group_vars/all.yml': 'gone' },
      says: 'group_vars/all.yml:1:1: cannot be read: there is no such file',
    },
  ])('$what', ({ links, says }) => {
    if (!('hosts' in links)) file('hosts', 'fe1\n');
    for (const [name, to] of Object.entries(links)) link(name, to);

    expect(complaints()).toEqual([says]);
  });

  it('a folder of inventories that is in itself', () => {
    file('all/hosts', 'fe1\n');
    link('all/sub', '../all');

    expect(complaints('all')).toEqual(['all/sub:1:1: leads round in a circle: it is in all']);
  });

  it('a file larger than memory', () => {
    truncateSync(file('hosts'), 5 * 1024 ** 3);

    expect(complaints()).toEqual(['hosts:1:1: has 5368709120 bytes, more than 10 MB']);
  });

  it('a device without an end', () => {
    link('hosts', '/dev/zero');

    expect(complaints()).toEqual([expect.stringMatching(/^hosts:1:1: has \d+ bytes, more than 10 MB$/)]);
  });
});

describe('loadInventory()', () => {
  it('reads what folders link to, also twice', () => {
    file('hosts', 'fe1\n');
    file('shared/a.yml', 'a: 1\n');
    link('group_vars/all/one', '../../shared');
    link('group_vars/all/two', '../../shared');

    expect(loadInventory([join(folder, 'hosts')]).hosts.get('fe1')?.vars).toEqual({ a: 1 });
  });

  it('takes a list of hosts that is too long for a file name', () => {
    const list = Array.from({ length: 2000 }, (_, index) => `fe${index}`).join(',');

    expect(loadInventory([list]).hosts.size).toBe(2000);
  });

  it('runs a program that is larger than a file may be', () => {
    const script = file('hosts', '#!/bin/sh\necho \'{"web": ["fe1"]}\'\nexit\n');
    truncateSync(script, 11 * 1024 ** 2);
    chmodSync(script, 0o755);

    expect([...loadInventory([script]).hosts.keys()]).toEqual(['fe1']);
  });
});

describe('selectHosts()', () => {
  it('tells of a file of patterns that is too large', () => {
    truncateSync(file('some'), 11 * 1024 ** 2);
    const inventory = loadInventory(['fe1,']);

    expect(linesOf(() => selectHosts(inventory, `@${join(folder, 'some')}`))).toEqual([
      'some:1:1: has 11534336 bytes, more than 10 MB',
    ]);
  });
});

describe('bytesOf() and textOf()', () => {
  it('read files of any size up to the limit', () => {
    const text = 'ä'.repeat(512 * 1024);

    expect(textOf(file('a', text), 1)).toBe(text);
    expect(bytesOf(file('b'))).toEqual(Buffer.of());
  });

  it('refuse a byte more', () => {
    const path = file('a', 'a'.repeat(1024 * 1024 + 1));

    expect(() => bytesOf(path, 1)).toThrow('a:1:1: has 1048577 bytes, more than 1 MB');
  });
});
