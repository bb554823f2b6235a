/** The lab as the command line reaches it, for tests that do without a command line. */
import type { Link } from '../../src/adapters/link.ts';
import { noLogins } from '../../src/adapters/login.ts';
import { SshNetwork, type NetworkOptions } from '../../src/adapters/ssh/network.ts';
import { SshFleet } from '../../src/cli/fleet.ts';
import { connectionOf } from '../../src/config/inventory/connection.ts';
import { loadInventory } from '../../src/config/inventory/load.ts';

/** With nobody to ask. */
export const network: NetworkOptions = {
  environment: process.env,
  warn: () => undefined,
  ask: undefined,
  hostKeyChecking: undefined,
};

export function labFleet(): SshFleet {
  return new SshFleet(loadInventory(['inventory/lab.ini']), {
    ...{ overrides: {}, network, trace: () => undefined, logins: { of: noLogins } },
  });
}

export function labLink(name: string): Link {
  const host = loadInventory(['inventory/lab.ini']).hosts.get(name);
  if (!host) throw new Error(`the lab's inventory has no ${name}`);
  return new SshNetwork(network).linkTo(connectionOf(host));
}
