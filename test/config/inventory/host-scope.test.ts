import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionOf } from '../../../src/config/inventory/connection.ts';
import { hostScope, surroundingsIn } from '../../../src/config/inventory/host-scope.ts';
import type { InventoryHost } from '../../../src/config/inventory/inventory.ts';
import { loadInventory } from '../../../src/config/inventory/load.ts';
import { render } from '../../../src/config/template.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-scope-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function loaded(files: Record<string, string>): (host: string) => InventoryHost {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const { hosts } = loadInventory([join(folder, 'hosts')]);
  return (name) => hosts.get(name) ?? { name: 'none', vars: {}, groups: [] };
}

function rendered(host: InventoryHost, template: string): unknown {
  const problems: string[] = [];
  const scope = hostScope(host, {}, surroundingsIn(loadInventory([join(folder, 'hosts')])));
  const value = render(template, scope, (_path, message) => problems.push(message.replaceAll(`${folder}/`, '')));
  return problems[0] ?? value;
}

describe('hostScope()', () => {
  // prettier-ignore
  it.each([
    ['{{ inventory_hostname }} {{ inventory_hostname_short }}', 'fe1.example fe1'],
    ['{{ group_names | join(",") }}',                           'web'],
    ['{{ groups.db | join }}',                                  'db1'],
    ['{{ hostvars["db1"].ip }}',                                '192.0.2.9'],
    ['{{ hostvars[groups.db[0]].url }}',                        'pg://192.0.2.9'],
    ['{{ url }}',                                               'http://fe1:8080'],
    ['{{ broken }}',                                            'the variable gone is not defined (in the variable broken, group_vars/web.yml:2: "{{ gone }}/x")'],
    ['{{ inline }}',                                            'the variable gone is not defined (in the variable inline, hosts:2: "{{ gone }}")'],
    ['{{ raw }}',                                               '{{ as is }}'],
  ])('renders %s', (template, value) => {
    const host = loaded({
      hosts: '[web]\nfe1.example inline="{{ gone }}"\n[db]\ndb1 ip=192.0.2.9 url="pg://{{ ip }}"\n',
      'group_vars/web.yml': 'url: http://{{ inventory_hostname_short }}:{{ port | default(8080) }}\nbroken: "{{ gone }}/x"\nraw: !unsafe "{{ as is }}"\n',
    });

    expect(rendered(host('fe1.example'), template)).toEqual(value);
  });

  it('renders how a host is reached', () => {
    const host = loaded({ hosts: 'fe1 ip=192.0.2.1 ansible_host="{{ ip }}" ansible_user="{{ nobody }}"\n' });

    const connect = (): unknown => connectionOf({ ...host('fe1'), vars: { ...host('fe1').vars, ansible_user: 'u' } });

    expect(connect()).toMatchObject({ destination: '192.0.2.1' });
    expect(() => connectionOf(host('fe1'))).toThrow(
      `Cannot connect to fe1: ansible_user: the variable nobody is not defined, ${folder}/hosts:1`,
    );
  });
});
