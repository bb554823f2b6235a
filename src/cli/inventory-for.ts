import { dirname } from 'node:path';
import { LARGEST_BY_HAND } from '../config/document.ts';
import type { LoadedInventory } from '../config/inventory/inventory.ts';
import { loadInventory } from '../config/inventory/load.ts';
import { withExtraVars } from '../config/inventory/with-extra-vars.ts';
import { parseExtraVars } from '../config/playbook/extra-vars.ts';
import { readPlaybook } from '../config/playbook/read.ts';
import { textOf } from '../config/reading.ts';
import type { Vault } from '../config/vault.ts';
import { Failure } from '../errors.ts';
import type { HostsCommand } from './command.ts';
import { textFile } from './text-file.ts';

/**
 * The inventory that a command names, with the group_vars and host_vars beside its playbook, and the variables of `-e`.
 *
 * @throws Failure `config` with everything that is wrong with it, and then, too, with the playbook as it is written
 */
export function inventoryFor(command: HostsCommand, vault: Vault): LoadedInventory {
  try {
    const inventory = loadInventory(command.inventory, { playbookFolders: [playbookFolderOf(command)], vault });
    const given = 'extraVars' in command ? command.extraVars : [];
    return withExtraVars(inventory, parseExtraVars(given, (path) => textOf(path), vault).vars);
  } catch (error) {
    if (!(error instanceof Failure) || !('playbook' in command)) throw error;
    const more = mistakesIn(command.playbook, vault);
    throw more ? new Failure('config', `${error.message}\n${more.message}`, { cause: error }) : error;
  }
}

/** Where group_vars and host_vars may be besides; without a playbook it is where we are, as in Ansible. */
export function playbookFolderOf(command: HostsCommand): string {
  return 'playbook' in command ? dirname(command.playbook) : '.';
}

function mistakesIn(playbook: string, vault: Vault): Failure | undefined {
  try {
    readPlaybook(playbook, textFile(playbook, LARGEST_BY_HAND), vault);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
