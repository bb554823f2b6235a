/** How the HAProxy of a playbook, and what is in it, is named. */
import { TO_BE_FOUND } from '../../rollout/model.ts';
import { isMapping } from '../values.ts';
import { each, type Leaf, Misfit } from './field.ts';
import { matching } from './leaves.ts';

export const serverName = matching('a name of letters, digits, "_", ".", ":" and "-"', /^[A-Za-z0-9_.:-]+$/);

/** Where the name is to be found out, it is none yet. */
export const serverNameOrDiscover: Leaf<string> = {
  says: `${serverName.says}, or "discover"`,
  parse: (value) => (value === 'discover' ? TO_BE_FOUND : serverName.parse(value)),
};

/** One name for the servers of all backends, or one for each backend. */
export type ServerNames = string | Readonly<Record<string, string>>;

export const serverNames: Leaf<ServerNames> = {
  says: `${serverNameOrDiscover.says}, or a mapping of each backend to one of these`,
  item: serverNameOrDiscover.says,
  parse: (value) => {
    if (!isMapping(value)) return serverNameOrDiscover.parse(value);
    const backendsIn = Object.keys(value);
    if (backendsIn.length === 0) return new Misfit('it needs at least one');
    const names = each(
      backendsIn,
      (backend): readonly [string, string] | Misfit => {
        const name = serverNameOrDiscover.parse(value[backend]);
        return typeof name === 'string' ? [backend, name] : new Misfit();
      },
      (backend) => backend,
    );
    return isEntries(names) ? Object.fromEntries(names) : names;
  },
};

function isEntries<T>(read: readonly T[] | readonly Misfit[]): read is readonly T[] {
  return !(read[0] instanceof Misfit);
}

/** A name, or a list of names. */
export const backends: Leaf<readonly string[]> = {
  says: `${serverName.says}, or a list of them`,
  item: serverName.says,
  parse: (value) => {
    if (!Array.isArray(value)) return listOfOne(serverName.parse(value));
    return value.length === 0 ? new Misfit('it needs at least one') : each(value, serverName.parse);
  },
};

function listOfOne(name: string | Misfit | readonly Misfit[]): readonly string[] | Misfit {
  return typeof name === 'string' ? [name] : new Misfit();
}

/** As HAProxy's own `stats socket` has it (configuration manual, "bind"). */
export const statsSocket = matching(
  'an absolute path, or an address such as "ipv4@127.0.0.1:9999"',
  /^(\/.*|(ipv4@|ipv6@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5})$/,
);
