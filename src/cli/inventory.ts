/** `inventory`: the hosts, groups and variables that there are, in the words of `ansible-inventory`. */
import { graphText, hostText, listText } from '../config/inventory/listing.ts';
import { loadInventory } from '../config/inventory/load.ts';
import type { LoadedInventory } from '../config/inventory/inventory.ts';
import type { Command, InventoryView } from './command.ts';
import { withoutSecretsIn } from './hidden-failure.ts';
import type { Surroundings } from './surroundings.ts';
import { openVault } from './vault-options.ts';

type InventoryCommand = Extract<Command, { name: 'inventory' }>;

export async function inventory(command: InventoryCommand, surroundings: Surroundings): Promise<number> {
  const vault = await openVault(command.vault, surroundings);
  try {
    const loaded = loadInventory(command.inventory, { playbookFolders: [command.playbookDir], vault });
    surroundings.stdout.write(`${textOf(loaded, command.view)}\n`);
    return 0;
  } catch (error) {
    throw withoutSecretsIn(error, vault.secrets);
  }
}

function textOf(loaded: LoadedInventory, view: InventoryView): string {
  switch (view.show) {
    case 'list':
      return listText(loaded);
    case 'host':
      return hostText(loaded, view.host);
    case 'graph':
      return graphText(loaded, view.group, view.vars);
  }
}
