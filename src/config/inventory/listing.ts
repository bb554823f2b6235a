import { Failure } from '../../errors.ts';
import { UnsafeText, VaultText } from '../values.ts';
import type { GroupNode, LoadedInventory, Vars } from './inventory.ts';
import { pythonJson, pythonText } from './python-text.ts';
import { printable } from './ranges.ts';
import { suggestion } from './suggestions.ts';

/** What Ansible sets itself is no variable of a host in its listings, not even when the inventory sets it. */
const magic = new Set(
  [
    'ansible_diff_mode ansible_config_file ansible_facts ansible_forks ansible_inventory_sources ansible_limit',
    'ansible_playbook_python ansible_run_tags ansible_skip_tags ansible_verbosity ansible_version inventory_dir',
    'inventory_file inventory_hostname inventory_hostname_short groups group_names omit playbook_dir',
  ].flatMap((line) => line.split(' ')),
);

/** The whole inventory, as `ansible-inventory --list` prints it. */
export function listText(inventory: LoadedInventory): string {
  const hostvars = [...inventory.hosts.keys()].map((host) => [host, varsOf(inventory, host)] as const);
  const groups = [...inventory.tree].map(([name, group]) => [name, listedGroup(name, group)] as const);
  const isSome = ([, mapping]: readonly [string, object]): boolean => Object.keys(mapping).length > 0;
  return pythonJson({
    _meta: { hostvars: Object.fromEntries(hostvars.filter(isSome)) },
    ...Object.fromEntries(groups.filter(isSome)),
  });
}

/**
 * The variables of one host, as `ansible-inventory --host` prints them.
 *
 * @throws Failure `config` if there is no such host
 */
export function hostText(inventory: LoadedInventory, host: string): string {
  if (inventory.hosts.has(host)) return pythonJson(varsOf(inventory, host));
  const hint = suggestion(host, inventory.hosts.keys());
  throw new Failure('config', `Cannot show ${printable(host)}: the inventory has no such host${hint}`);
}

/**
 * The groups below one, and their hosts, as `ansible-inventory --graph` prints them, with their variables if asked for.
 *
 * @throws Failure `config` if there is no such group
 */
export function graphText(inventory: LoadedInventory, top: string, withVars: boolean): string {
  if (!inventory.tree.has(top)) {
    const hint = suggestion(top, inventory.tree.keys());
    throw new Failure('config', `Cannot show ${printable(top)}: the inventory has no such group${hint}`);
  }
  return [`@${top}:`, ...graphOf(inventory, top, { depth: 1, withVars })].join('\n');
}

function varsOf(inventory: LoadedInventory, host: string): Vars {
  return withoutMagic(inventory.hosts.get(host)?.vars ?? {});
}

function withoutMagic(vars: Vars): Vars {
  return Object.fromEntries(Object.entries(vars).filter(([name]) => !magic.has(name)));
}

function listedGroup(name: string, { hosts, children }: GroupNode): object {
  return {
    ...(name !== 'all' && hosts.size > 0 && { hosts: [...hosts] }),
    ...(children.size > 0 && { children: [...children] }),
  };
}

interface Level {
  readonly depth: number;
  readonly withVars: boolean;
}

function graphOf(inventory: LoadedInventory, name: string, { depth, withVars }: Level): string[] {
  const group = inventory.tree.get(name);
  if (group === undefined) return [];
  const line = (text: string, at = depth): string => `  ${'|  '.repeat(at - 1)}|--${text}`;
  const variables = (vars: Vars, at: number): string[] =>
    withVars ? sortedEntries(withoutMagic(vars)).map(([key, value]) => line(`{${key} = ${shown(value)}}`, at)) : [];
  return [
    ...[...group.children].flatMap((child) => [
      line(`@${child}:`),
      ...graphOf(inventory, child, { depth: depth + 1, withVars }),
    ]),
    ...(name === 'all' ? [] : [...group.hosts]).flatMap((host) => [
      line(host),
      ...variables(varsOf(inventory, host), depth + 1),
    ]),
    ...variables(group.vars(), depth),
  ];
}

function sortedEntries(vars: Vars): [string, unknown][] {
  return Object.entries(vars).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** What is encrypted stays so; Ansible would show it. */
function shown(value: unknown): string {
  if (value instanceof VaultText) return '(encrypted)';
  return value instanceof UnsafeText ? value.text : pythonText(value);
}
