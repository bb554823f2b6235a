export interface DraftGroup {
  readonly name: string;
  readonly vars: Map<string, unknown>;
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  /** Between groups at one depth the higher one wins, then the later name. */
  priority: number;
}

/** What the inventory sources have said so far; a later source adds to it and overrides it. */
export class InventoryDraft {
  readonly groups = new Map<string, DraftGroup>();
  readonly hosts = new Map<string, Map<string, unknown>>();

  constructor() {
    this.group('all').children.add(this.group('ungrouped').name);
  }

  /** The group of that name, made if need be. */
  group(name: string): DraftGroup {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const group = { name, vars: new Map(), hosts: new Set<string>(), children: new Set<string>(), priority: 1 };
    this.groups.set(name, group);
    return group;
  }

  addHosts(names: readonly string[], group: DraftGroup, vars: ReadonlyMap<string, unknown>): void {
    for (const name of names) {
      group.hosts.add(name);
      const known = this.hosts.get(name) ?? new Map<string, unknown>();
      for (const [key, value] of vars) known.set(key, value);
      this.hosts.set(name, known);
    }
  }

  /** @returns what is wrong with it: a group cannot be its own descendant */
  addChild(parent: string, child: string): string | undefined {
    if (child === 'all' || child === parent || this.#isBelow(parent, child)) {
      return `"${child}" cannot be a child of "${parent}", which is "${child}" itself or below it`;
    }
    this.group(parent).children.add(child);
    this.group(child);
    return undefined;
  }

  #isBelow(name: string, ancestor: string): boolean {
    const seen = new Set([ancestor]);
    for (const group of seen) {
      for (const child of this.groups.get(group)?.children ?? []) seen.add(child);
    }
    return seen.has(name);
  }

  /** @returns what is wrong with it */
  setGroupVar(group: DraftGroup, key: string, value: unknown): string | undefined {
    if (key !== 'ansible_group_priority') {
      group.vars.set(key, value);
      return undefined;
    }
    const priority = typeof value === 'string' && /^[-+]?\d+$/.test(value) ? Number(value) : value;
    if (!Number.isSafeInteger(priority)) return 'ansible_group_priority should be a whole number';
    group.priority = Number(priority);
    return undefined;
  }
}
