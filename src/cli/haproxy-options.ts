import type { Argv } from 'yargs';
import { Failure } from '../errors.ts';
import type { ConfigAction } from './command.ts';
import { EXIT_CODES, type CommonArgs } from './common-options.ts';
import { waiting } from './lock-options.ts';
import { playingOptions } from './options.ts';

export const haproxyOptions = {
  'extra-vars': playingOptions['extra-vars'],
  'detailed-exitcode': { type: 'boolean', default: false, describe: 'With diff: exit 3 when something is different' },
  serial: {
    type: 'string',
    requiresArg: true,
    describe: 'With push: HAProxys at a time, as 1, 25% or 1,2,50% (as the play; central ones one by one)',
  },
  ...waiting,
} as const;

interface HaproxyArgs {
  readonly action: ConfigAction['action'];
  readonly playbook: string;
  readonly 'extra-vars': string[];
  readonly 'detailed-exitcode': boolean;
  readonly serial: string | undefined;
}

export function haproxying(parser: Argv<CommonArgs>): Argv<CommonArgs & HaproxyArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('action', {
      choices: ['render', 'diff', 'push'] as const,
      demandOption: true,
      describe: 'render prints it, diff shows it against each host, push has HAProxy check it, replaces it and reloads',
    })
    .positional('playbook', { type: 'string', demandOption: true, describe: 'Playbook with balancer.config' })
    .options(haproxyOptions);
}

/** @throws Failure `config` for what does not go together */
export function haproxyCommandOf(args: HaproxyArgs): ConfigAction {
  const { action, playbook, serial, 'extra-vars': extraVars, 'detailed-exitcode': detailedExitcode } = args;
  const wrong =
    (serial !== undefined && action !== 'push' && '--serial goes with push only') ||
    (detailedExitcode && action !== 'diff' && '--detailed-exitcode goes with diff only');
  if (wrong) throw new Failure('config', `Cannot ${action} HAProxy's configuration: ${wrong}`);
  return { name: 'haproxy', action, playbook, extraVars, detailedExitcode, serial };
}
