import type { Place, Vars } from './inventory.ts';

export interface DraftGroup {
  readonly name: string;
  readonly vars: Map<string, unknown>;
  /** Where each variable was set last. */
  readonly places: Map<string, () => Place>;
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  /** Between groups at one depth the higher one wins, then the later name. */
  priority: number;
}

/** Variables that are set together, and where each of them was written. */
export interface Layer {
  readonly vars: Vars;
  readonly placeOf: (variable: string) => Place | undefined;
}

/** What one line, or one mapping, says of a host. */
export interface Definition extends Layer {
  /** Undefined for a host of a list such as `fe1,fe2`. */
  readonly file: string | undefined;
}

/** The largest number of hosts that there may be. */
const MOST_HOSTS = 100_000;

/** What the inventory sources have said so far; a later source adds to it and overrides it. */
export class InventoryDraft {
  readonly groups = new Map<string, DraftGroup>();
  readonly hosts = new Map<string, Definition[]>();
  /** More hosts than may be were added; none is any more. */
  isFull = false;

  constructor() {
    this.group('all').children.add(this.group('ungrouped').name);
  }

  /** The group of that name, made if need be. */
  group(name: string): DraftGroup {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const group: DraftGroup = {
      ...{ name, vars: new Map(), places: new Map(), hosts: new Set(), children: new Set(), priority: 1 },
    };
    this.groups.set(name, group);
    return group;
  }

  /** @returns what is wrong with it */
  addHosts(names: readonly string[], group: DraftGroup, definition: Definition): string | undefined {
    if (this.isFull) return undefined;
    if (this.hosts.size + names.length > MOST_HOSTS && this.hosts.size + this.#newAmong(names) > MOST_HOSTS) {
      this.isFull = true;
      return `these would be more than ${MOST_HOSTS} hosts in all`;
    }
    for (const name of names) {
      group.hosts.add(name);
      const known = this.hosts.get(name);
      if (known === undefined) this.hosts.set(name, [definition]);
      else known.push(definition);
    }
    return undefined;
  }

  /** More about a host that is known. */
  addVars(host: string, definition: Definition): void {
    this.hosts.get(host)?.push(definition);
  }

  #newAmong(names: readonly string[]): number {
    return names.filter((name) => !this.hosts.has(name)).length;
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
  setGroupVar(group: DraftGroup, [key, value]: readonly [string, unknown], place: () => Place): string | undefined {
    if (key === 'ansible_group_priority') {
      const priority = priorityOf(value);
      if (priority === undefined) return 'ansible_group_priority should be a whole number';
      group.priority = priority;
      return undefined;
    }
    group.vars.set(key, value);
    group.places.set(key, place);
    return undefined;
  }
}

function priorityOf(value: unknown): number | undefined {
  const priority = typeof value === 'string' && /^[-+]?\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(priority) ? Number(priority) : undefined;
}
