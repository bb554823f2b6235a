/** The options of every command. */
import type { Argv } from 'yargs';
import { Failure } from '../errors.ts';
import { connectionOptions, type ConnectionArgs } from './connection-options.ts';
import { vaultOptions, type VaultArgs } from './vault-options.ts';

/** Below every help. Lines of their own, as wide as they may be. */
export const EXIT_CODES = [
  'Exit codes: 0 done or nothing to do, 1 error, 2 some hosts failed (all put back),',
  '3 the plan has changes (--detailed-exitcode), 4 unreachable, 5 bad usage or config,',
  '7 a server is left out of service, 8 stopped by its own rules, 75 locked by another run,',
  '99 interrupted, 250 a bug.',
].join('\n');

export const DEFAULT_FORKS = '32';

/** How hosts are chosen and reached: of every command but those that only look at files of this machine. */
const reachingOptions = {
  inventory: {
    alias: 'i',
    array: true,
    nargs: 1,
    type: 'string',
    describe: 'Inventory file, folder, script or list (repeatable; or $ANSIBLE_INVENTORY)',
  },
  limit: {
    alias: 'l',
    type: 'string',
    requiresArg: true,
    describe: 'Only these hosts of the selection (pattern or @file)',
  },
  forks: {
    alias: 'f',
    type: 'string',
    requiresArg: true,
    default: DEFAULT_FORKS,
    describe: 'Hosts worked on at the same time, at most',
  },
  ...connectionOptions,
  ...vaultOptions,
  yes: { alias: 'y', type: 'boolean', default: false, describe: 'Do not ask' },
} as const;

export const commonOptions = {
  ...reachingOptions,
  json: { type: 'boolean', default: false, describe: 'One event per line as JSON on stdout' },
  verbose: { alias: 'v', count: true, describe: 'Say more (-vv: also what is said to HAProxy)' },
} as const;

export interface CommonArgs extends ConnectionArgs, VaultArgs {
  readonly inventory?: string[] | undefined;
  readonly limit?: string | undefined;
  readonly forks: string;
  readonly yes: boolean;
  readonly json: boolean;
  readonly verbose: number;
}

/** For a command that reaches no host: what says how has no place in its help. */
export function withoutReaching(
  parser: Argv<CommonArgs>,
  { but = [] }: { readonly but?: readonly string[] } = {},
): Argv<CommonArgs> {
  const hidden = Object.keys(reachingOptions).filter((name) => !but.includes(name));
  return hidden
    .reduce((one, name) => one.hide(name), parser)
    .check((args) => {
      const given = hidden.filter((name) => isGiven(name, args[name]));
      if (given.length === 0) return true;
      const options = given.map((name) => `--${name}`).join(', ');
      throw new Failure('config', `Cannot use ${options} with ${String(args._[0])}: it reaches no host`);
    }, false);
}

function isGiven(name: string, value: unknown): boolean {
  const options: Readonly<Record<string, object>> = reachingOptions;
  const option = options[name] ?? {};
  return value !== undefined && !('default' in option && value === option.default);
}
