import { createHash } from 'node:crypto';
import type { InventoryHost } from '../inventory/inventory.ts';
import { oneOf } from './leaves.ts';

const orders = ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'] as const;

export type HostOrder = (typeof orders)[number];

export const hostOrder = oneOf(orders);

/** The hosts in the order of a play; `shuffle` is by chance, but the same for the same `shuffleBy`. */
export function inOrder(
  hosts: readonly InventoryHost[],
  order: HostOrder,
  shuffleBy: string,
): readonly InventoryHost[] {
  switch (order) {
    case 'inventory':
      return hosts;
    case 'reverse_inventory':
      return hosts.toReversed();
    case 'sorted':
      return sortedBy(hosts, ({ name }) => name);
    case 'reverse_sorted':
      return sortedBy(hosts, ({ name }) => name).toReversed();
    case 'shuffle':
      return sortedBy(hosts, ({ name }) => createHash('sha256').update(`${shuffleBy} ${name}`).digest('hex'));
  }
}

function sortedBy(hosts: readonly InventoryHost[], keyOf: (host: InventoryHost) => string): readonly InventoryHost[] {
  const keyed = hosts.map((host) => ({ host, key: keyOf(host) }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ host }) => host);
}
