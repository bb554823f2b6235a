export type Vars = Readonly<Record<string, unknown>>;

/** One host as the inventory and its group_vars and host_vars describe it; nothing is rendered yet. */
export interface InventoryHost {
  readonly name: string;
  /** Merged by Ansible's precedence. */
  readonly vars: Vars;
  /** All groups it is in, also through their children, sorted, without `all`. */
  readonly groups: readonly string[];
}

export interface Inventory {
  /** In the order of `all`. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  /** The hosts of each group and of its children, in Ansible's order; `all` and `ungrouped` are always there. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}
