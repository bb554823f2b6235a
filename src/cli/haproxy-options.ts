import type { Argv } from 'yargs';
import { Failure } from '../errors.ts';
import type { ConfigAction, RuntimeAction } from './command.ts';
import { EXIT_CODES, type CommonArgs } from './common-options.ts';
import { takingOver, waiting } from './lock-options.ts';
import { placeIn, placeOptions, playingOptions, type PlaceArgs } from './options.ts';

export const haproxyOptions = {
  'extra-vars': playingOptions['extra-vars'],
  'detailed-exitcode': { type: 'boolean', default: false, describe: 'With diff: exit 3 when something is different' },
  serial: {
    type: 'string',
    requiresArg: true,
    describe: 'With push: HAProxys at a time, as 1, 25% or 1,2,50% (as the play; central ones one by one)',
  },
  ...waiting,
  ...takingOver,
} as const;

type Action = ConfigAction['action'] | RuntimeAction['action'];

interface HaproxyArgs extends PlaceArgs {
  readonly action: Action;
  readonly target: string;
  readonly words: string[] | undefined;
  /** The command itself, then what follows `--`. */
  readonly _: (string | number)[];
  readonly 'extra-vars': string[];
  readonly 'detailed-exitcode': boolean;
  readonly serial: string | undefined;
  readonly 'take-over': boolean;
}

const ACTIONS = ['render', 'diff', 'push', 'show', 'weights', 'sessions', 'exec'] as const satisfies readonly Action[];

const LOCKING: readonly Action[] = ['push', 'weights', 'exec'];

export function haproxying(parser: Argv<CommonArgs>): Argv<CommonArgs & Omit<HaproxyArgs, '_'>> {
  return parser
    .epilogue(
      `render, diff and push are about the configuration: of a playbook with balancer.config.\nshow, weights, sessions and exec ask HAProxy on hosts; weights sets what is said as\nbackend/server=50, exec sends the one command that follows --, such as -- show info.\n\n${EXIT_CODES}`,
    )
    .positional('action', { choices: ACTIONS, demandOption: true, describe: 'What to do, see below' })
    .positional('target', { type: 'string', demandOption: true, describe: 'A playbook, or a host pattern' })
    .positional('words', { type: 'string', array: true, describe: 'backend/server=WEIGHT …, or -- COMMAND' })
    .options({ ...haproxyOptions, ...placeOptions });
}

/** @throws Failure `config` for what does not go together */
export function haproxyCommandOf(args: HaproxyArgs): ConfigAction | RuntimeAction {
  const { action, target, serial, 'detailed-exitcode': detailedExitcode } = args;
  const words = [...(args.words ?? []), ...args._.slice(1).map(String)];
  const refuse = (why: string): Failure => new Failure('config', `Cannot use haproxy ${action} like this: ${why}`);
  if (serial !== undefined && action !== 'push') throw refuse('--serial goes with push only');
  if (detailedExitcode && action !== 'diff') throw refuse('--detailed-exitcode goes with diff only');
  if (args['take-over'] && !LOCKING.includes(action)) throw refuse('--take-over goes with what changes something');
  if (words.length > 0 && action !== 'weights' && action !== 'exec') throw refuse(`what is "${words.join(' ')}" for?`);
  switch (action) {
    case 'render':
    case 'diff':
    case 'push':
      return { name: 'haproxy', action, playbook: target, extraVars: args['extra-vars'], detailedExitcode, serial };
    case 'show':
    case 'weights':
    case 'sessions':
    case 'exec':
      return { name: 'haproxy', action, pattern: target, place: placeIn(args), words };
  }
}
