import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { HostsCommand } from '../../src/cli/command.ts';
import { inventoryFor } from '../../src/cli/inventory-for.ts';
import { connectionOf } from '../../src/config/inventory/connection.ts';
import { surroundingsIn } from '../../src/config/inventory/host-scope.ts';
import { Vault } from '../../src/config/vault.ts';
import type { SshRequest } from '../../src/rollout/ssh-request.ts';
import { folderWith } from '../support/command-line.ts';

const INVENTORY = `
fe1 ansible_host=192.0.2.1 ansible_port=22 ansible_user=root prefix=192.0.2
fe2 ansible_host='{{ prefix }}.2' prefix=192.0.2
`;

function requestWith(given: readonly string[], name = 'fe1'): SshRequest {
  const folder = folderWith({ 'hosts.ini': INVENTORY });
  const command = { playbook: join(folder, 'play.yml'), inventory: [join(folder, 'hosts.ini')], extraVars: given };
  const inventory = inventoryFor(command as unknown as HostsCommand, new Vault());
  const host = inventory.hosts.get(name);
  if (!host) throw new Error(`there is no ${name}`);
  return connectionOf(host, {}, {}, surroundingsIn(inventory));
}

// prettier-ignore
it.each([
  { given: ['ansible_host=10.0.0.99'],           what: /10\.0\.0\.99/ },
  { given: ['ansible_user=deploy'],              what: /deploy/ },
  { given: ['{"ansible_port": 2222}'],           what: /2222/ },
  { given: ['ansible_ssh_private_key_file=/k'],  what: /"\/k"/ },
  { given: ['ansible_become=true'],              what: /"become":true/ },
  { given: ["ansible_ssh_common_args='-J gate'"], what: /gate/ },
])('-e $given says how a host is reached, over its inventory', ({ given, what }) => {
  expect(JSON.stringify(requestWith([]))).not.toMatch(what);
  expect(JSON.stringify(requestWith(given))).toMatch(what);
});

it('a variable of -e counts where one of the inventory is made of it', () => {
  expect(JSON.stringify(requestWith(['prefix=10.1.1'], 'fe2'))).toContain('10.1.1.2');
});
