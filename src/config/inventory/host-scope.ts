import { dirname, resolve } from 'node:path';
import { renderVariable, Scope, type ScopeOptions } from '../template.ts';
import { isHostName } from './ranges.ts';
import { placeText, type Inventory, type InventoryHost, type Vars } from './inventory.ts';

/** What Ansible itself says of a host, stronger than any variable. */
export function magicVars({ name, groups, source }: InventoryHost): Vars {
  return {
    inventory_hostname: name,
    inventory_hostname_short: name.split('.', 1)[0],
    group_names: groups,
    ...(source !== undefined && { inventory_file: resolve(source), inventory_dir: dirname(resolve(source)) }),
  };
}

/** The variables of a host as templates see them, with others that are stronger; `whereOf` knows where those are. */
export function hostScope(
  host: InventoryHost,
  stronger: Vars,
  { whereOf: whereOfStronger, ...around }: HostSurroundings & Pick<ScopeOptions, 'whereOf'>,
): Scope {
  const whereOf = (variable: string): string | undefined => {
    if (Object.hasOwn(stronger, variable)) return whereOfStronger?.(variable);
    const place = host.placeOf?.(variable);
    return place && placeText(place);
  };
  return new Scope({ ...host.vars, ...stronger, ...magicVars(host) }, { ...around, whereOf });
}

export type HostSurroundings = Pick<ScopeOptions, 'made' | 'secrets' | 'folder'>;

/** `hostvars`, of the hosts that a template names, or of all where it works that out itself. */
export function surroundingsIn(
  inventory: Inventory,
  { secrets, folder }: Pick<ScopeOptions, 'secrets' | 'folder'> = {},
): HostSurroundings {
  const known = new Map<string, Vars>();
  const varsOf = (host: InventoryHost): Vars => {
    const vars = known.get(host.name) ?? renderedVars(host, { secrets, folder, made: { groups } });
    known.set(host.name, vars);
    return vars;
  };
  const groups = (): Vars => Object.fromEntries(inventory.groups);
  return {
    ...{ secrets, folder },
    made: {
      groups,
      hostvars: (references) => {
        const names = references.map(([, host]) => host);
        const isNamed = names.every((name) => name !== undefined && isHostName(name) && inventory.hosts.has(name));
        const hosts = isNamed
          ? names.flatMap((name) => inventory.hosts.get(name ?? '') ?? [])
          : inventory.hosts.values();
        return Object.fromEntries([...hosts].map((host) => [host.name, varsOf(host)]));
      },
    },
  };
}

/** Without those that cannot be rendered: whoever needs one of them is told that it is not defined. */
function renderedVars(host: InventoryHost, around: HostSurroundings): Vars {
  const scope = hostScope(host, {}, around);
  const vars = { ...host.vars, ...magicVars(host) };
  const entries = Object.entries(vars).flatMap(([name, value]) => {
    const problems: string[] = [];
    const rendered = renderVariable(value, scope, (_path, message) => problems.push(message));
    around.secrets?.addNamed(name, rendered);
    return problems.length === 0 ? [[name, rendered] as const] : [];
  });
  return Object.fromEntries(entries);
}
