import type { Inventory, InventoryHost, Vars } from './inventory.ts';

/** The same hosts with the variables of `-e`, which are stronger than any other: also of those that say how a host is reached. */
export function withExtraVars<T extends Inventory>(inventory: T, extra: Vars): T {
  if (Object.keys(extra).length === 0) return inventory;
  const over = (host: InventoryHost): InventoryHost => ({
    ...host,
    vars: { ...host.vars, ...extra },
    placeOf: (name) => (Object.hasOwn(extra, name) ? undefined : host.placeOf?.(name)),
  });
  return { ...inventory, hosts: new Map([...inventory.hosts].map(([name, host]) => [name, over(host)])) };
}
