/** What every command is given, from its arguments. */
import { Failure } from '../errors.ts';
import type { Common } from './command.ts';
import { DEFAULT_FORKS, type CommonArgs } from './common-options.ts';
import { connectionIn } from './connection-options.ts';
import { lockingOf, type LockingArgs } from './lock-options.ts';
import type { Surroundings } from './surroundings.ts';
import { vaultSourcesOf } from './vault-options.ts';

/** Ansible parts the paths by commas, too. */
function inventoryIn(environment: Surroundings['environment']): readonly string[] {
  return environment['ANSIBLE_INVENTORY']?.split(',').filter((path) => path !== '') ?? [];
}

/** The inventory of the run comes before that of the environment. */
export function inventoriesOf(
  args: CommonArgs & LockingArgs,
  environment: Surroundings['environment'],
): Common & { readonly environmentInventory: readonly string[] } {
  const common = commonOf(
    { ...args, inventory: args.inventory ?? [] },
    { ...environment, ANSIBLE_INVENTORY: undefined },
    { needsInventory: false },
  );
  return { ...common, environmentInventory: inventoryIn(environment) };
}

/** What a run that is gone on with does not know of itself. */
export function withoutHosts(
  args: CommonArgs & LockingArgs,
  environment: Surroundings['environment'],
): Omit<Common, 'inventory' | 'limit' | 'forks'> {
  const given = [
    ...(args.inventory === undefined ? [] : ['-i']),
    ...(args.limit === undefined ? [] : ['--limit']),
    ...(args.forks === DEFAULT_FORKS ? [] : ['--forks']),
  ];
  if (given.length > 0) {
    const instead = 'a run is gone on with on the hosts it was begun on; for others, begin a rollout';
    throw new Failure('config', `Cannot use ${given.join(', ')} with resume: ${instead}`);
  }
  const common = commonOf(args, environment, { needsInventory: false });
  const { connection, json, verbosity, yes, locking, vault } = common;
  return { connection, json, verbosity, yes, locking, vault };
}

export function commonOf(
  args: CommonArgs & LockingArgs,
  environment: Surroundings['environment'],
  { needsInventory } = { needsInventory: true },
): Common {
  const inventory = args.inventory ?? inventoryIn(environment);
  if (inventory.length === 0 && needsInventory)
    throw new Failure('config', 'Cannot tell which hosts there are: name an inventory with -i');
  const forks = Number(args.forks);
  if (!Number.isInteger(forks) || forks < 1) {
    throw new Failure('config', `Cannot use --forks ${args.forks}: it must be a whole number above 0`);
  }
  return {
    ...{ inventory, forks, limit: args.limit, json: args.json, verbosity: args.verbose, yes: args.yes },
    locking: lockingOf(args),
    vault: vaultSourcesOf(args, environment),
    connection: connectionIn(args),
  };
}
