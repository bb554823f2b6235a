import type { DraftGroup, InventoryDraft, Layer } from './draft.ts';
import type { GroupNode, InventoryHost, LoadedInventory, Place, Vars } from './inventory.ts';

/** group_vars and host_vars beside one inventory source: what they have for a name, the later ones stronger. */
export interface VarsFolder {
  readonly ofGroup: (name: string) => readonly Layer[];
  readonly ofHost: (name: string) => readonly Layer[];
}

/**
 * The finished inventory. From weakest to strongest: variables of `all`, of the groups, group_vars/all,
 * group_vars/GROUP (of each folder in turn), of the host, host_vars/HOST. Parents are weaker than children.
 *
 * @see https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#how-variables-are-merged
 */
export function assemble(draft: InventoryDraft, folders: readonly VarsFolder[]): LoadedInventory {
  adoptOrphans(draft);
  const byRank = rankedGroups(draft);
  const members = new Map([...draft.groups.keys()].map((name) => [name, hostsOf(draft, name)]));
  const groupsOf = new Map([...draft.hosts.keys()].map((name): [string, DraftGroup[]] => [name, []]));
  for (const group of byRank) {
    for (const host of members.get(group.name) ?? []) groupsOf.get(host)?.push(group);
  }
  const ownLayers = new Map(byRank.map((group) => [group.name, layerOf(group)]));
  const hosts = new Map<string, InventoryHost>();
  for (const [name, definitions] of draft.hosts) {
    const groups = (groupsOf.get(name) ?? []).map((group) => group.name);
    const others = groups.filter((it) => it !== 'all');
    const layers = [
      ...groups.flatMap((group) => ownLayers.get(group) ?? []),
      ...folders.flatMap((folder) => folder.ofGroup('all')),
      ...folders.flatMap((folder) => others.flatMap((group) => folder.ofGroup(group))),
      ...definitions,
      ...folders.flatMap((folder) => folder.ofHost(name)),
    ];
    hosts.set(name, {
      name,
      vars: merged(layers),
      groups: others.toSorted(),
      source: definitions[0]?.file,
      placeOf: placesIn(layers),
    });
  }
  const groups = new Map([...members].map(([name, set]) => [name, [...set]]));
  return { hosts, groups, tree: treeOf(draft, folders) };
}

/** Later ones win, whole values at a time. */
function merged(layers: readonly Layer[]): Vars {
  return Object.fromEntries(layers.flatMap(({ vars }) => Object.entries(vars)));
}

function placesIn(layers: readonly Layer[]): (variable: string) => Place | undefined {
  return (variable) => layers.findLast(({ vars }) => Object.hasOwn(vars, variable))?.placeOf(variable);
}

function layerOf({ vars, places }: DraftGroup): Layer {
  return { vars: Object.fromEntries(vars), placeOf: (variable) => places.get(variable)?.() };
}

function treeOf({ groups }: InventoryDraft, folders: readonly VarsFolder[]): Map<string, GroupNode> {
  return new Map(
    [...groups].map(([name, group]) => {
      const vars = (): Vars => ({
        ...merged([layerOf(group), ...folders.flatMap((folder) => folder.ofGroup(name))]),
        ...(group.priority !== 1 && { ansible_group_priority: group.priority }),
      });
      return [name, { hosts: group.hosts, children: group.children, vars }];
    }),
  );
}

/** Groups without a parent are children of `all`; hosts in no other group, and only they, are ungrouped. */
function adoptOrphans({ groups, hosts }: InventoryDraft): void {
  const children = new Set([...groups.values()].flatMap((group) => [...group.children]));
  const grouped = new Set<string>();
  for (const group of groups.values()) {
    if (group.name !== 'all' && !children.has(group.name)) groups.get('all')?.children.add(group.name);
    if (group.name !== 'all' && group.name !== 'ungrouped') for (const host of group.hosts) grouped.add(host);
  }
  for (const host of hosts.keys()) {
    if (grouped.has(host)) groups.get('ungrouped')?.hosts.delete(host);
    else groups.get('ungrouped')?.hosts.add(host);
  }
}

/** Its own hosts, then its children's, then theirs. Deeper than that Ansible's own order is a matter of chance. */
function hostsOf({ groups }: InventoryDraft, name: string): ReadonlySet<string> {
  const below = new Set([name]);
  const hosts = new Set<string>();
  for (const group of below) {
    for (const host of groups.get(group)?.hosts ?? []) hosts.add(host);
    for (const child of groups.get(group)?.children ?? []) below.add(child);
  }
  return hosts;
}

/** Weakest first: by depth below `all`, then priority, then name. */
function rankedGroups({ groups }: InventoryDraft): DraftGroup[] {
  const depths = new Map<string, number>();
  let level = new Set(['all']);
  for (let depth = 0; level.size > 0; depth += 1) {
    for (const name of level) depths.set(name, depth);
    level = new Set([...level].flatMap((name) => [...(groups.get(name)?.children ?? [])]));
  }
  const depthOf = (group: DraftGroup): number => depths.get(group.name) ?? 0;
  return [...groups.values()].toSorted(
    (a, b) => depthOf(a) - depthOf(b) || a.priority - b.priority || (a.name < b.name ? -1 : 1),
  );
}
