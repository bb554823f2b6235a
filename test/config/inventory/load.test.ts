import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { Vault } from '../../../src/config/vault.ts';
import { sealed } from '../../support/vault.ts';
import { Failure, reasonOf } from '../../../src/errors.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-inventory-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, string | Buffer>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

function complaintsAbout(...sources: string[]): string[] {
  try {
    loadInventory(sources.map((source) => join(folder, source)));
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return reasonOf(error).replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}

describe('loadInventory()', () => {
  // prettier-ignore
  it.each<{ why: string; files: Record<string, string | Buffer>; complaint: string | RegExp }>([
    { why: 'a script',                    files: { hosts: '#!/bin/sh\necho {}' },        complaint: 'hosts:1:1: is a script that may not be run: chmod +x makes it an inventory' },
    { why: 'a vault',                     files: { hosts: '$ANSIBLE_VAULT;1.1;AES256\n0' }, complaint: 'hosts:1:1: is encrypted with Ansible Vault, but it is damaged' },
    { why: 'a vault in group_vars',       files: { hosts: 'fe1', 'group_vars/all/vault.yml': '$ANSIBLE_VAULT;1.1;AES256\n0' }, complaint: 'group_vars/all/vault.yml:1:1: is encrypted with Ansible Vault, but it is damaged' },
    { why: 'a file that is not there',    files: {},                                     complaint: /^hosts:1:1: cannot be read: there is no such file/ },
    { why: 'binary junk',                 files: { hosts: Buffer.from([0x7f, 0x45, 0]) }, complaint: 'hosts:1:1: is not a text file, it holds a NUL byte' },
    { why: 'YAML without an extension',   files: { hosts: '---\nall:\n  hosts: [' },     complaint: /^hosts:3:\d+: / },
    { why: 'INI without an extension',    files: { hosts: '[web]\nfe1\n[g:foo]' },       complaint: 'hosts:3:1: [g:foo] is no section, "foo" is unknown' },
    { why: 'group_vars that are a list',  files: { hosts: 'fe1', 'group_vars/all.yml': '\n- a' }, complaint: 'group_vars/all.yml:2:1: should be a mapping of variables, is a list' },
    { why: 'host_vars that are no YAML',  files: { hosts: 'fe1', 'host_vars/fe1.yml': 'a: 1\nb: {{ x }}' }, complaint: 'host_vars/fe1.yml:2:4: quote it: "{{ x }}"' },
  ])('complains about $why', ({ files, complaint }) => {
    write(files);

    expect(complaintsAbout('hosts')).toEqual([typeof complaint === 'string' ? complaint : expect.stringMatching(complaint)]);
  });

  it('refuses TOML', () => {
    write({ 'hosts.toml': '[web]' });

    expect(complaintsAbout('hosts.toml')).toEqual(['hosts.toml:1:1: TOML inventories are not supported yet']);
  });

  it('complains about all files at once', () => {
    write({ one: 'fe 1', 'two.yml': 'web: 5', 'group_vars/all': 'a: 1\na: 2' });

    expect(complaintsAbout('one', 'two.yml')).toEqual([
      'group_vars/all:2:1: "a" is written twice',
      'one:1:4: should be a variable such as key=value (a value with blanks needs quotation marks)',
      'two.yml:1:6: the group "web" should be a mapping, is 5',
    ]);
  });

  it('knows as secret what an encrypted INI inventory has, also where it is no assignment', () => {
    const written =
      'fe1 a=first-11 stray-22\n[a:c]-web b=fifth-55\n[fe]\nfe1\n[fe:vars]\npassword third-33\npw: fourth-44\n';
    write({ hosts: sealed(written, 'open sesame') });
    const vault = new Vault([{ id: 'default', password: 'open sesame' }]);

    expect(() => loadInventory([join(folder, 'hosts')], { vault })).toThrow(Failure);

    const told = 'first-11, stray-22, password third-33 fourth-44 fifth-55 fe1 [fe:vars]';
    expect(vault.secrets.hide(told)).toBe('(hidden), (hidden), (hidden) (hidden) (hidden) fe1 [fe:vars]');
  });

  it('refuses strange names in a list', () => {
    expect(() => loadInventory(['fe1,fe;2,'])).toThrow('fe1,fe;2,:1:1: "fe;2" is no name for a host');
  });

  it('keeps a variable called __proto__ a variable', () => {
    write({ hosts: 'fe1 __proto__=1', 'group_vars/all.yml': '__proto__: { polluted: 1 }' });

    const host = loadInventory([join(folder, 'hosts')]).hosts.get('fe1');

    expect(Object.entries(host?.vars ?? {})).toEqual([['__proto__', 1]]);
    expect(host?.vars).not.toHaveProperty('polluted');
  });

  it('lets the variables beside the playbook override those beside the inventory', () => {
    write({
      'inventory/hosts': '[web]\nfe1 d=host\n',
      'inventory/group_vars/all': 'a: inventory\nb: inventory\nc: inventory\nd: inventory',
      'group_vars/all.yml': 'b: playbook\nc: playbook\nd: playbook',
      'inventory/group_vars/web': 'c: web',
    });

    const inventory = loadInventory([join(folder, 'inventory/hosts')], { playbookFolders: [folder] });

    expect(inventory.hosts.get('fe1')?.vars).toEqual({ a: 'inventory', b: 'playbook', c: 'web', d: 'host' });
  });

  it('keeps hosts in the order in which they are first written', () => {
    write({ hosts: 'z\n[web]\nb\na\nz\n' });

    const { hosts, groups } = loadInventory([join(folder, 'hosts')]);

    expect([...hosts.keys()]).toEqual(['z', 'b', 'a']);
    expect(groups.get('web')).toEqual(['b', 'a', 'z']);
  });

  it('is quick with 20,000 hosts', () => {
    write({ hosts: '[a]\nfe[00001:20000]\n[b:children]\na\n[b:vars]\nx=1\n' });

    const startedAt = Date.now();

    expect(loadInventory([join(folder, 'hosts')]).hosts.size).toBe(20_000);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });
});
