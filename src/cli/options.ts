import type { Argv } from 'yargs';
import type { OnTimeout } from '../rollout/model.ts';
import { connectionOptions, type ConnectionArgs } from './connection-options.ts';
import { takingOver, waiting } from './lock-options.ts';
import { pacingOptions, rollbackPacingOptions, type PacingArgs } from './pacing.ts';
import { vaultOptions, type VaultArgs } from './vault-options.ts';

/** Below every help. Lines of their own, as wide as they may be. */
export const EXIT_CODES = [
  'Exit codes: 0 done or nothing to do, 1 error, 2 some hosts failed (all put back),',
  '3 the plan has changes (--detailed-exitcode), 4 unreachable, 5 bad usage or config,',
  '7 a server is left out of service, 8 stopped by its own rules, 75 locked by another run,',
  '99 interrupted, 250 a bug.',
].join('\n');

const REPEATABLE: readonly string[] = [
  'inventory',
  'i',
  'tags',
  't',
  'skip-tags',
  'extra-vars',
  'e',
  'server',
  'vault-password-file',
  'vault-pass-file',
  'vault-id',
];

export function isRepeatable(option: string): boolean {
  return REPEATABLE.includes(option);
}

export const DEFAULT_FORKS = '32';

/** The options of every command, and of each. */
export const commonOptions = {
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

export interface PlayingArgs extends PacingArgs {
  readonly playbook: string;
  readonly tags: string[];
  readonly 'skip-tags': string[];
  readonly 'extra-vars': string[];
  readonly force: boolean;
  readonly check: boolean;
  readonly diff: boolean;
  readonly 'detailed-exitcode': boolean;
}

export function playing(parser: Argv<CommonArgs>): Argv<CommonArgs & PlayingArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('playbook', { type: 'string', demandOption: true, describe: 'Playbook file' })
    .options({
      tags: {
        alias: 't',
        array: true,
        nargs: 1,
        type: 'string',
        default: [] as string[],
        describe: 'Only apps with these tags',
      },
      'skip-tags': {
        array: true,
        nargs: 1,
        type: 'string',
        default: [] as string[],
        describe: 'Not the apps with these tags',
      },
      'extra-vars': {
        alias: 'e',
        array: true,
        nargs: 1,
        type: 'string',
        default: [] as string[],
        describe: 'key=value, JSON, or @file; wins over all other variables',
      },
      force: { type: 'boolean', default: false, describe: 'Replace also what has nothing to change' },
      check: { alias: 'C', type: 'boolean', default: false, describe: 'Change nothing: show the plan' },
      diff: { alias: 'D', type: 'boolean', default: false, describe: 'Show changed settings, old and new' },
      ...pacingOptions,
      'detailed-exitcode': {
        type: 'boolean',
        default: false,
        describe: 'With plan or --check: exit 3 when the plan has changes',
      },
      ...waiting,
      ...takingOver,
    });
}

interface RollingBackArgs extends PacingArgs {
  readonly run: string | undefined;
  readonly serial: string | undefined;
  readonly force: boolean;
  readonly check: boolean;
}

export function rollingBack(parser: Argv<CommonArgs>): Argv<CommonArgs & RollingBackArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('run', { type: 'string', describe: 'Run to take back, or how its id begins (the last rollout)' })
    .options({
      serial: { type: 'string', requiresArg: true, describe: 'Hosts at a time, as 1, 25% or 1,2,50% (as the run)' },
      force: { type: 'boolean', default: false, describe: 'Also what somebody has changed since' },
      check: { alias: 'C', type: 'boolean', default: false, describe: 'Change nothing: show the plan' },
      ...rollbackPacingOptions,
      ...waiting,
    });
}

interface NamingArgs {
  readonly hosts: string;
}

export function naming(parser: Argv<CommonArgs>): Argv<CommonArgs & NamingArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('hosts', { type: 'string', demandOption: true, describe: 'Host pattern, as in Ansible' })
    .options(waiting);
}

export function hostActions(
  parser: Argv<CommonArgs>,
): Argv<CommonArgs & { readonly action: 'trust'; readonly hosts: string }> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('action', {
      choices: ['trust'] as const,
      demandOption: true,
      describe: 'trust: shows SSH host keys that are not known, and adds them to known_hosts after a question',
    })
    .positional('hosts', { type: 'string', demandOption: true, describe: 'Host pattern, as in Ansible' });
}

interface SelectingArgs extends NamingArgs {
  readonly server: string[];
}

export function selecting(parser: Argv<CommonArgs>): Argv<CommonArgs & SelectingArgs> {
  return naming(parser).option('server', {
    array: true,
    nargs: 1,
    type: 'string',
    default: [] as string[],
    describe: 'Only this server, as server or backend/server (repeatable)',
  });
}

interface DrainingArgs extends SelectingArgs {
  readonly 'drain-timeout': string;
  readonly 'on-timeout': OnTimeout;
  readonly note: string;
  readonly socket: string | undefined;
}

export function draining(parser: Argv<CommonArgs>): Argv<CommonArgs & DrainingArgs> {
  return selecting(parser).options({
    'drain-timeout': {
      alias: 'timeout',
      type: 'string',
      requiresArg: true,
      default: '60s',
      describe: 'How long requests in hand may take',
    },
    'on-timeout': {
      choices: ['fail', 'continue', 'shutdown_sessions'] as const,
      default: 'fail' as const,
      describe: 'What to do then',
    },
    note: { alias: 'm', type: 'string', requiresArg: true, default: '', describe: 'Why, for those who look at status' },
    socket: { type: 'string', requiresArg: true, describe: "HAProxy's stats socket on the hosts" },
    ...takingOver,
  });
}

interface LookingArgs {
  readonly hosts: string;
  readonly socket: string | undefined;
}

export function looking(parser: Argv<CommonArgs>): Argv<CommonArgs & LookingArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('hosts', { type: 'string', default: 'all', describe: 'Host pattern, as in Ansible' })
    .option('socket', { type: 'string', requiresArg: true, describe: "HAProxy's stats socket on the hosts" });
}

interface ResumingArgs extends PacingArgs {
  readonly run: string | undefined;
  readonly 'extra-vars': string[];
  readonly 'skip-failed': boolean;
  readonly changed: boolean;
}

export function resuming(parser: Argv<CommonArgs>): Argv<CommonArgs & ResumingArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('run', { type: 'string', describe: 'Its id, or the beginning of it (else the last that is not done)' })
    .options({
      'extra-vars': {
        alias: 'e',
        array: true,
        nargs: 1,
        type: 'string',
        default: [] as string[],
        describe: 'As for rollout; over those of then. Secrets, which are not kept, must be given again',
      },
      'skip-failed': { type: 'boolean', default: false, describe: 'Do not try again what was put back' },
      changed: { type: 'boolean', default: false, describe: 'Also when playbook or inventory have changed since' },
      ...pacingOptions,
      ...waiting,
    });
}

export function listing(parser: Argv<CommonArgs>): Argv<CommonArgs & { readonly number: string }> {
  return parser
    .epilogue(EXIT_CODES)
    .option('number', { alias: 'n', type: 'string', requiresArg: true, default: '20', describe: 'How many, at most' });
}

export function showing(parser: Argv<CommonArgs>): Argv<CommonArgs & { readonly run: string }> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('run', { type: 'string', demandOption: true, describe: 'Its id, the beginning of it, or "last"' });
}

/** All options, of whatever command, for suggestions. */
export const OPTION_NAMES: readonly string[] = [
  ...Object.keys(commonOptions),
  ...['tags', 'skip-tags', 'extra-vars', 'force', 'check', 'diff', 'detailed-exitcode'],
  ...Object.keys(pacingOptions),
  ...Object.keys({ ...waiting, ...takingOver }),
  ...['server', 'drain-timeout', 'timeout', 'on-timeout', 'note', 'socket', 'number', 'serial'],
  ...['skip-failed', 'changed'],
  ...['list', 'host', 'graph', 'vars', 'playbook-dir'],
];
