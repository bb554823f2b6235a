import type { Position } from '../document.ts';

export type Vars = Readonly<Record<string, unknown>>;

/** Where something was written. */
export interface Place extends Position {
  readonly file: string;
}

export function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}

/** One host as the inventory and its group_vars and host_vars describe it; nothing is rendered yet. */
export interface InventoryHost {
  readonly name: string;
  /** Merged by Ansible's precedence; some of them marked values. */
  readonly vars: Vars;
  /** All groups it is in, also through their children, sorted, without `all`. */
  readonly groups: readonly string[];
  /** The first source that names it; undefined for a list such as `fe1,fe2`. */
  readonly source?: string | undefined;
  /** Where the variable that counts was written. */
  readonly placeOf?: (variable: string) => Place | undefined;
}

export interface Inventory {
  /** In the order of `all`. */
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  /** The hosts of each group and of its children, in Ansible's order; `all` and `ungrouped` are always there. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** A group as it is written, for listings. */
export interface GroupNode {
  readonly hosts: ReadonlySet<string>;
  readonly children: ReadonlySet<string>;
  /** Its own, with those of its group_vars; not those of its parents. */
  readonly vars: () => Vars;
}

export interface LoadedInventory extends Inventory {
  readonly tree: ReadonlyMap<string, GroupNode>;
}
