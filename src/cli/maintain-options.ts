/** The command line of `maintain`. */
import type { Argv } from 'yargs';
import { quoted } from '../adapters/link.ts';
import { minUp as minUpLeaf } from '../config/playbook/leaves.ts';
import { Failure } from '../errors.ts';
import type { MaintenanceWork } from '../rollout/maintenance.ts';
import type { MinUp } from '../rollout/model.ts';
import type { Maintaining } from './command.ts';
import { EXIT_CODES, type CommonArgs } from './common-options.ts';
import { durationMs } from './duration.ts';
import { takingOver, waiting } from './lock-options.ts';
import {
  balancerOptions,
  drainingOptions,
  placeIn,
  placeOptions,
  type BalancerArgs,
  type PlaceArgs,
} from './options.ts';
import { serialOf } from './serial-option.ts';

/** Where there is systemd, and where there is not. */
const REBOOT = 'systemctl reboot || reboot';

const { describe } = drainingOptions['drain-timeout'];

export const maintainOptions = {
  reboot: {
    type: 'boolean',
    default: false,
    describe: 'Reboot each host, after the command if there is one; needs root',
  },
  'reboot-command': { type: 'string', requiresArg: true, describe: 'What reboots it instead, such as "sudo reboot"' },
  containers: {
    choices: ['keep', 'stop'] as const,
    default: 'keep' as const,
    describe: 'Stop the containers behind its servers meanwhile',
  },
  serial: { type: 'string', requiresArg: true, describe: 'Hosts at a time, as 1, 25% or 1,2,50% (1)' },
  'min-up': {
    type: 'string',
    requiresArg: true,
    default: '1',
    describe: 'Usable servers that a central backend keeps: 2 or 50%',
  },
  'on-failure': {
    choices: ['stop', 'continue'] as const,
    default: 'stop' as const,
    describe: 'What happens when the command fails on a host, which serves again',
  },
  timeout: { type: 'string', requiresArg: true, default: '30m', describe: 'How long the command may take' },
  'back-timeout': {
    type: 'string',
    requiresArg: true,
    default: '10m',
    describe: 'How long the host and its containers may take to be back',
  },
  'drain-timeout': { type: 'string', requiresArg: true, default: '60s', describe },
  'on-timeout': drainingOptions['on-timeout'],
  check: { alias: 'C', type: 'boolean', default: false, describe: 'Change nothing: show what would be done' },
  ...placeOptions,
  ...balancerOptions,
  ...waiting,
  ...takingOver,
} as const;

interface MaintainArgs extends PlaceArgs, BalancerArgs {
  readonly hosts: string;
  readonly reboot: boolean;
  readonly 'reboot-command': string | undefined;
  readonly containers: 'keep' | 'stop';
  readonly serial: string | undefined;
  readonly 'min-up': string;
  readonly 'on-failure': 'stop' | 'continue';
  readonly timeout: string;
  readonly 'back-timeout': string;
  readonly 'drain-timeout': string;
  readonly 'on-timeout': 'fail' | 'continue' | 'shutdown_sessions';
  readonly check: boolean;
}

export function maintaining(parser: Argv<CommonArgs>): Argv<CommonArgs & MaintainArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .usage('$0 maintain <hosts> [options] -- COMMAND…')
    .example('$0 maintain fe1 -- apt-get -y upgrade', 'drained, upgraded, back with exact weights')
    .example('$0 maintain fe --serial 25% --reboot -- apt-get -y dist-upgrade', 'a quarter of them at a time, rebooted')
    .example("$0 maintain fe1 --reboot --reboot-command 'sudo reboot'", 'rebooted by a user who is not root')
    .positional('hosts', { type: 'string', describe: 'Host pattern, as in Ansible', demandOption: true })
    .options(maintainOptions);
}

/** @throws Failure `config` for what does not go together, or says nothing */
export function maintainIn(args: MaintainArgs, words: readonly string[]): Maintaining {
  const { hosts: pattern, 'balancer-hosts': balancerHosts, check, 'on-failure': onFailure } = args;
  return {
    ...{ pattern, place: placeIn(args), balancerHosts, check, onFailure },
    work: workIn(args, words),
    needsRoot: args.reboot && args['reboot-command'] === undefined,
    serial: serialOf(args.serial) ?? [{ hosts: 1 }],
    minUp: minUpIn(args['min-up']),
    policy: { timeoutMs: durationMs('--drain-timeout', args['drain-timeout']), onTimeout: args['on-timeout'] },
    commandWithinMs: durationMs('--timeout', args.timeout),
    backWithinMs: durationMs('--back-timeout', args['back-timeout']),
  };
}

/** Words are kept as they are; a single one is a line for the host's shell. */
function workIn(args: MaintainArgs, words: readonly string[]): MaintenanceWork {
  const [first, ...more] = words;
  const command = more.length === 0 ? first : words.map(quoted).join(' ');
  const rebootCommand = args['reboot-command'];
  if (rebootCommand !== undefined && !args.reboot) {
    throw new Failure('config', 'Cannot use --reboot-command: it goes with --reboot');
  }
  if (command === undefined && !args.reboot) {
    throw new Failure('config', 'Cannot maintain anything: say a command after --, or --reboot');
  }
  return { command, reboot: args.reboot ? (rebootCommand ?? REBOOT) : undefined, containers: args.containers };
}

function minUpIn(text: string): MinUp {
  const parsed = minUpLeaf.parse(/^\d+$/.test(text) ? Number(text) : text);
  if ('servers' in parsed || 'percent' in parsed) return parsed;
  throw new Failure('config', `Cannot use --min-up ${text}: it must be ${minUpLeaf.says}`);
}
