import { isAbsolute } from 'node:path';
import type { Argv } from 'yargs';
import { systemClock } from '../adapters/system-clock.ts';
import { statsSocket } from '../config/playbook/balancer-leaves.ts';
import { Failure } from '../errors.ts';
import type { OnTimeout } from '../rollout/model.ts';
import type { NamedPlace } from '../runner/preflight/sockets.ts';
import type { Command, Common } from './command.ts';
import { durationMs } from './duration.ts';
import { EXIT_CODES, withoutReaching, type CommonArgs } from './common-options.ts';
import { holdIn, holdOptions, type HoldArgs, type RestoringArgs } from './hold-options.ts';
import { loadOptions, type LoadArgs } from './load-options.ts';
import { takingOver, waiting } from './lock-options.ts';
import { pacingOptions, rollbackPacingOptions, type PacingArgs } from './pacing.ts';
import { planShown, showingPlan, type PlanShownArgs, type ShowingPlanArgs } from './plan-options.ts';
import { pullOptions, type PullArgs } from './pull-options.ts';

export const HOSTS = { type: 'string', describe: 'Host pattern, as in Ansible' } as const;
const REPEATABLE = { array: true, nargs: 1, type: 'string', default: [] as string[] } as const;

/** `pause` is what a plan shows of the pace. */
export interface PlanningArgs extends Pick<PacingArgs, 'pause'>, PlanShownArgs, LoadArgs {
  readonly playbook: string;
  readonly tags: string[];
  readonly 'skip-tags': string[];
  readonly 'extra-vars': string[];
  readonly force: boolean;
}

interface PlayingArgs extends PlanningArgs, PacingArgs, ShowingPlanArgs, PullArgs {}

/** Of what changes a plan; nothing of how it would be carried out. */
const planningOptions = {
  tags: { ...REPEATABLE, alias: 't', describe: 'Only apps with these tags' },
  'skip-tags': { ...REPEATABLE, describe: 'Not the apps with these tags' },
  'extra-vars': { ...REPEATABLE, alias: 'e', describe: 'key=value, JSON, or @file; wins over all other variables' },
  force: { type: 'boolean', default: false, describe: 'Replace also what has nothing to change' },
  ...loadOptions,
  ...planShown,
  pause: pacingOptions.pause,
} as const;

export const playingOptions = {
  ...planningOptions,
  ...pullOptions,
  ...showingPlan,
  ...pacingOptions,
  ...waiting,
  ...takingOver,
} as const;

const PLAYBOOK = { type: 'string', demandOption: true, describe: 'Playbook file' } as const;

export function playing(parser: Argv<CommonArgs>): Argv<CommonArgs & PlayingArgs> {
  return parser.epilogue(EXIT_CODES).positional('playbook', PLAYBOOK).options(playingOptions);
}

export function planning(parser: Argv<CommonArgs>): Argv<CommonArgs & PlanningArgs> {
  return parser.epilogue(EXIT_CODES).positional('playbook', PLAYBOOK).options(planningOptions);
}

interface RollingBackArgs extends PacingArgs, ShowingPlanArgs, PullArgs {
  readonly run: string | undefined;
  readonly serial: string | undefined;
  readonly force: boolean;
}

export const rollingBackOptions = {
  serial: { type: 'string', requiresArg: true, describe: 'Hosts at a time, as 1, 25% or 1,2,50% (as the run)' },
  force: { type: 'boolean', default: false, describe: 'Also what somebody has changed since' },
  ...pullOptions,
  ...showingPlan,
  ...rollbackPacingOptions,
  ...waiting,
  ...takingOver,
} as const;

export function rollingBack(parser: Argv<CommonArgs>): Argv<CommonArgs & RollingBackArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('run', { type: 'string', describe: 'Run to take back, or how its id begins (the last rollout)' })
    .options(rollingBackOptions);
}

interface NamingArgs {
  readonly hosts: string;
}

export const forgettingOptions = {
  'forget-balancer': {
    ...REPEATABLE,
    describe: 'Host of a central HAProxy that is gone for good: forget what is recorded of it (repeatable)',
  },
} as const;

interface RecoveringArgs extends NamingArgs {
  readonly 'forget-balancer': string[];
}

export function recovering(parser: Argv<CommonArgs>): Argv<CommonArgs & RecoveringArgs> {
  return naming(parser).options(forgettingOptions);
}

export function naming(parser: Argv<CommonArgs>): Argv<CommonArgs & NamingArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('hosts', { ...HOSTS, demandOption: true })
    .options(waiting);
}

export function ofKept(parser: Argv<CommonArgs>): Argv<CommonArgs & NamingArgs> {
  return naming(parser).options(takingOver);
}

interface SelectingArgs extends NamingArgs {
  readonly server: string[];
}

export const selectingOptions = {
  server: { ...REPEATABLE, describe: 'Only this server, as server or backend/server (repeatable)' },
} as const;

function selecting(parser: Argv<CommonArgs>): Argv<CommonArgs & SelectingArgs> {
  return naming(parser).options(selectingOptions);
}

export const restoringOptions = {
  expired: {
    type: 'boolean',
    default: false,
    describe: 'Only what was drained, or kept by blue-green, for a time that is over (all hosts unless said); for cron',
  },
} as const;

export function restoring(parser: Argv<CommonArgs>): Argv<CommonArgs & RestoringArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .example('$0 restore fe1', 'all that was drained there')
    .example('$0 restore --expired', 'on all hosts, what is to be back by now')
    .positional('hosts', HOSTS)
    .options({ ...selectingOptions, ...restoringOptions, ...forgettingOptions, ...waiting });
}

interface DrainingArgs extends SelectingArgs, PlaceArgs, BalancerArgs, HoldArgs {
  readonly 'drain-timeout': string;
  readonly 'on-timeout': OnTimeout;
  readonly note: string;
}

export const placeOptions = {
  socket: {
    type: 'string',
    requiresArg: true,
    describe: "HAProxy's stats socket on the hosts: a path, or an address such as ipv4@127.0.0.1:9999",
  },
  'haproxy-container': { type: 'string', requiresArg: true, describe: 'The container that HAProxy runs in' },
} as const;

export const balancerOptions = {
  'balancer-hosts': {
    type: 'string',
    requiresArg: true,
    describe: 'Hosts of central HAProxys in front of the hosts, instead of that of each host (pattern)',
  },
} as const;

export interface BalancerArgs {
  readonly 'balancer-hosts': string | undefined;
}

export interface PlaceArgs {
  readonly socket: string | undefined;
  readonly 'haproxy-container': string | undefined;
}

/** @throws Failure `config` for what is no place */
export function placeIn({ socket, 'haproxy-container': container }: PlaceArgs): NamedPlace {
  if (socket === undefined) return { socket, container };
  const refuse = (why: string): Failure => new Failure('config', `Cannot use --socket ${socket}: ${why}`);
  if (typeof statsSocket.parse(socket) !== 'string') throw refuse(`it must be ${statsSocket.says}`);
  if (container !== undefined && !isAbsolute(socket)) throw refuse('with --haproxy-container it must be a path');
  return { socket, container };
}

export const drainingOptions = {
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
  ...holdOptions,
  ...placeOptions,
  ...balancerOptions,
  ...takingOver,
} as const;

export function draining(parser: Argv<CommonArgs>): Argv<CommonArgs & DrainingArgs> {
  return selecting(parser)
    .example("$0 drain fe1 -m 'disk swap'", 'out of service, until somebody says restore')
    .example("$0 drain fe1 --for 30m -m 'disk swap'", 'back by itself after 30 min, or at Ctrl-C')
    .example('$0 drain fe1 --until 16:00 --detach', 'back by the next run, or restore --expired, after 16:00')
    .options(drainingOptions);
}

/** @throws Failure `config` for what does not go together */
export function drainIn(args: DrainingArgs): Omit<Extract<Command, { name: 'drain' }>, 'name' | keyof Common> {
  const { hosts: pattern, server: servers, note, 'balancer-hosts': balancerHosts } = args;
  const policy = { timeoutMs: durationMs('--timeout', args['drain-timeout']), onTimeout: args['on-timeout'] };
  return {
    pattern,
    servers,
    place: placeIn(args),
    balancerHosts,
    policy,
    note,
    hold: holdIn(args, systemClock.date()),
  };
}

interface LookingArgs extends PlaceArgs {
  readonly hosts: string;
}

export function looking(parser: Argv<CommonArgs>): Argv<CommonArgs & LookingArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('hosts', { ...HOSTS, default: 'all' })
    .options(placeOptions);
}

export function surveying(parser: Argv<CommonArgs>): Argv<CommonArgs & LookingArgs & BalancerArgs> {
  return looking(parser).options(balancerOptions);
}

interface ResumingArgs extends PacingArgs, LoadArgs, PullArgs {
  readonly run: string | undefined;
  readonly 'extra-vars': string[];
  readonly 'skip-failed': boolean;
  readonly changed: boolean;
  readonly force: boolean;
}

export const resumingOptions = {
  'extra-vars': {
    ...REPEATABLE,
    alias: 'e',
    describe: 'As for rollout; over those of then. Secrets, which are not kept, must be given again',
  },
  'skip-failed': { type: 'boolean', default: false, describe: 'Do not try again what was put back' },
  changed: { type: 'boolean', default: false, describe: 'Also when playbook or inventory have changed since' },
  force: { type: 'boolean', default: false, describe: 'Also when it cannot be told whether it still runs elsewhere' },
  ...loadOptions,
  ...pullOptions,
  ...pacingOptions,
  ...waiting,
  ...takingOver,
} as const;

export function resuming(parser: Argv<CommonArgs>): Argv<CommonArgs & ResumingArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('run', { type: 'string', describe: 'Its id, or the beginning of it (else the last that is not done)' })
    .options(resumingOptions);
}

export const listingOptions = {
  number: { alias: 'n', type: 'string', requiresArg: true, default: '20', describe: 'How many, at most' },
} as const;

export function listing(parser: Argv<CommonArgs>): Argv<CommonArgs & { readonly number: string }> {
  return withoutReaching(parser).epilogue(EXIT_CODES).options(listingOptions);
}

export function showing(parser: Argv<CommonArgs>): Argv<CommonArgs & { readonly run: string }> {
  return withoutReaching(parser)
    .epilogue(EXIT_CODES)
    .positional('run', { type: 'string', demandOption: true, describe: 'Its id, the beginning of it, or "last"' });
}
