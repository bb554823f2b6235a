import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.ts';
import { labDir } from './settings.ts';
import { knownHosts, sshKey } from './ssh.ts';

/** The hosts that are up, however many those are, for `sluice -i`; inventory/lab.ini is of three. */
export const inventoryFile = join(labDir, 'inventory.ini');

export function writeInventory(hosts: readonly Host[]): void {
  writeFileSync(`${inventoryFile}.new`, inventoryText(hosts));
  renameSync(`${inventoryFile}.new`, inventoryFile);
}

export function inventoryText(hosts: readonly Host[]): string {
  return [
    '# The fleet that `bin/lab up` has brought up, which writes this file.',
    '[fe]',
    ...hosts.map(({ name, address }) => `${name} ansible_host=${address}`),
    '',
    '[fe:vars]',
    'ansible_user=root',
    `ansible_ssh_private_key_file=${sshKey}`,
    '# Without ~/.ssh/config. Host keys are checked, against those the lab made.',
    `ansible_ssh_common_args='-F none -o UserKnownHostsFile=${knownHosts}'`,
    '',
  ].join('\n');
}
