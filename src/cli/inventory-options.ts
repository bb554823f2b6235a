/** What `inventory` can show. */
import type { Argv } from 'yargs';
import { Failure } from '../errors.ts';
import type { InventoryView } from './command.ts';
import { EXIT_CODES, withoutReaching, type CommonArgs } from './common-options.ts';
import { vaultOptions } from './vault-options.ts';

interface ViewArgs {
  readonly group: string | undefined;
  readonly list: boolean;
  readonly host: string | undefined;
  readonly graph: boolean;
  readonly vars: boolean;
  readonly 'playbook-dir': string;
}

export const viewOptions = {
  list: { type: 'boolean', default: false, describe: 'All groups, hosts and variables, as JSON' },
  host: { type: 'string', requiresArg: true, describe: 'The variables of this host, as JSON' },
  graph: { type: 'boolean', default: false, describe: 'Groups and hosts as a tree' },
  vars: { type: 'boolean', default: false, describe: 'With --graph: variables, too' },
  'playbook-dir': {
    type: 'string',
    requiresArg: true,
    default: '.',
    describe: 'Where the playbook, and its group_vars and host_vars, would be',
  },
} as const;

export function inventoryViews(parser: Argv<CommonArgs>): Argv<CommonArgs & ViewArgs> {
  return withoutReaching(parser, { but: ['inventory', ...Object.keys(vaultOptions)] })
    .epilogue(EXIT_CODES)
    .positional('group', { type: 'string', describe: 'With --graph: only below this group' })
    .options(viewOptions);
}

/** @throws Failure `config` for what does not go together */
export function inventoryViewOf({ list, host, graph, group, vars }: ViewArgs): InventoryView {
  const asked = [list, host !== undefined, graph].filter(Boolean).length;
  const wrong =
    (asked !== 1 && 'say one of --list, --host and --graph') ||
    (group !== undefined && !graph && `"${group}" goes with --graph only`) ||
    (vars && !graph && '--vars goes with --graph only');
  if (wrong) throw new Failure('config', `Cannot show the inventory: ${wrong}`);
  if (host !== undefined) return { show: 'host', host };
  return graph ? { show: 'graph', group: group ?? 'all', vars } : { show: 'list' };
}
