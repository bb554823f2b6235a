import yargs, { type Argv } from 'yargs';
import { Failure } from '../errors.ts';
import type { Command, Playing } from './command.ts';
import { commonOf, inventoriesOf, withoutHosts } from './common-in.ts';
import type { Surroundings } from './surroundings.ts';
import { suggestion } from '../config/inventory/suggestions.ts';
import { haproxyCommandOf, haproxying } from './haproxy-options.ts';
import { restoreIn } from './hold-options.ts';
import { hostActions } from './hosts-options.ts';
import { inventoryViewOf, inventoryViews } from './inventory-options.ts';
import { loadingOf } from './load-options.ts';
import { lockActions, lockCommandOf } from './lock-options.ts';
import { maintainIn, maintaining } from './maintain-options.ts';
import { commonOptions, EXIT_CODES, type CommonArgs } from './common-options.ts';
import { isRepeatable, optionNames } from './option-names.ts';
import {
  drainIn,
  draining,
  listing,
  looking,
  ofKept,
  placeIn,
  recovering,
  restoring,
  resuming,
  planning,
  playing,
  rollingBack,
  showing,
  surveying,
  type PlanningArgs,
} from './options.ts';
import { pacingOf, type PacingArgs } from './pacing.ts';
import { pullsPerHostIn, type PullArgs } from './pull-options.ts';

/**
 * Reads the command line.
 *
 * @returns undefined when help or the version was asked for and has been printed
 * @throws Failure `config` for anything it does not understand
 */
export async function readArguments(
  argv: readonly string[],
  { version, environment }: Pick<Surroundings, 'version' | 'environment'>,
): Promise<Command | undefined> {
  let command: Command | undefined;
  const take = (one: Command): void => {
    command = one;
  };
  const parser = base(argv, version)
    .command('rollout <playbook>', 'Replace containers batch by batch, without a failed request', playing, (args) => {
      take({ name: 'rollout', check: args.check, ...commonOf(args, environment), ...playingOf(args) });
    })
    .command('plan <playbook>', 'Show what a rollout would do', planning, (args) => {
      take({ name: 'plan', ...commonOf(args, environment), ...playingOf(args) });
    })
    .command('rollback [run]', 'Take back what a rollout has changed', rollingBack, (args) => {
      const { run, serial, force, check, diff, 'detailed-exitcode': detailedExitcode } = args;
      const more = { pacing: pacingOf(args), pullsPerHost: pullsPerHostIn(args), ...inventoriesOf(args, environment) };
      take({ name: 'rollback', run, serial, force, check, diff, detailedExitcode, ...more });
    })
    .command('drain <hosts>', 'Take servers out of service and leave them so', draining, (args) => {
      take({ name: 'drain', ...drainIn(args), ...commonOf(args, environment) });
    })
    .command('restore [hosts]', 'Put back what was drained, at exactly the weight it had', restoring, (args) => {
      take({ name: 'restore', ...restoreIn(args), ...commonOf(args, environment) });
    })
    .command('maintain <hosts>', 'Run a command on hosts while nothing reaches them', maintaining, (args) => {
      take({ name: 'maintain', ...maintainIn(args, wordsIn(argv)), ...commonOf(args, environment) });
    })
    .command('recover <hosts>', 'Finish what a rollout that died has left in work', recovering, (args) => {
      take({ name: 'recover', pattern: args.hosts, forget: args['forget-balancer'], ...commonOf(args, environment) });
    })
    .command('resume [run]', 'Go on with a rollout that died or was stopped', resuming, (args) => {
      const { run, changed, force, 'extra-vars': extraVars, 'skip-failed': skipFailed } = args;
      const how = { pacing: pacingOf(args), loading: loadingOf(args), pullsPerHost: pullsPerHostIn(args) };
      take({ name: 'resume', run, extraVars, skipFailed, changed, force, ...how, ...withoutHosts(args, environment) });
    })
    .command('haproxy <action> <target> [words..]', "HAProxy's configuration and runtime", haproxying, (args) => {
      take({ ...haproxyCommandOf(args), ...commonOf(args, environment) });
    })
    .command('lock <action> [hosts]', 'List, take, release or break the locks of hosts', lockActions, (args) => {
      take({ name: 'lock', ...lockCommandOf(args), ...commonOf(args, environment) });
    });
  await withLooks(withKept(parser, take, environment), take, environment).parseAsync([...argv]);
  return command;
}

/** What becomes of what `blue-green` has kept. */
function withKept(
  parser: Argv<CommonArgs>,
  take: (command: Command) => void,
  environment: Surroundings['environment'],
): Argv<CommonArgs> {
  return parser
    .command('switch-back <hosts>', 'Have the old containers that blue-green has kept serve again', ofKept, (args) => {
      take({ name: 'switch-back', pattern: args.hosts, ...commonOf(args, environment) });
    })
    .command('retire <hosts>', 'End the old containers that blue-green has kept, before their time', ofKept, (args) => {
      take({ name: 'retire', pattern: args.hosts, ...commonOf(args, environment) });
    });
}

/** The commands that change nothing. */
function withLooks(
  parser: Argv<CommonArgs>,
  take: (command: Command) => void,
  environment: Surroundings['environment'],
): Argv<CommonArgs> {
  return parser
    .command('status [hosts]', 'Show hosts, containers, images, health and servers', surveying, (args) => {
      const balancerHosts = args['balancer-hosts'];
      take({
        name: 'status',
        pattern: args.hosts,
        place: placeIn(args),
        balancerHosts,
        ...commonOf(args, environment),
      });
    })
    .command('doctor [hosts]', 'Show how hosts are reached, and what is missing on them', looking, (args) => {
      take({ name: 'doctor', pattern: args.hosts, place: placeIn(args), ...commonOf(args, environment) });
    })
    .command('hosts <action> <hosts>', 'Make the SSH keys of hosts known', hostActions, (args) => {
      take({ name: 'hosts', action: args.action, pattern: args.hosts, ...commonOf(args, environment) });
    })
    .command('inventory [group]', 'Show the inventory, as ansible-inventory does', inventoryViews, (args) => {
      const { inventory, vault } = commonOf(args, environment);
      take({ name: 'inventory', view: inventoryViewOf(args), inventory, playbookDir: args['playbook-dir'], vault });
    })
    .command('history', 'List the runs of the past, from the journals on this machine', listing, (args) => {
      take({ name: 'history', number: numberOf(args.number), json: args.json });
    })
    .command('show <run>', 'Show what a run did, per host, and what it has left', showing, (args) => {
      take({ name: 'show', run: args.run, json: args.json });
    });
}

function base(argv: readonly string[], version: string): Argv<CommonArgs> {
  return drawnIfAskedFor(argv)
    .scriptName('sluice')
    .usage('$0 <command> [options]')
    .epilogue(EXIT_CODES)
    .locale('en')
    .version(version)
    .help()
    .alias({ help: 'h' })
    .strict()
    .demandCommand(
      1,
      'Say what to do: rollout, plan, rollback, drain, restore, switch-back, retire, maintain, recover, resume, haproxy, lock, status, doctor, hosts, inventory, history or show',
    )
    .recommendCommands()
    .middleware(lastOfEach, true)
    .check((args) => {
      const [name, ...more] = args._;
      const own = name === 'maintain' ? wordsIn(argv).length : name === 'haproxy' ? more.length : 0;
      const unknown = more.slice(0, more.length - own);
      if (unknown.length > 0) throw new Failure('config', `Cannot tell what "${unknown.join(' ')}" is for`);
      return true;
    })
    .exitProcess(false)
    .showHelpOnFail(false)
    .wrap(100)
    .parserConfiguration({
      'parse-positional-numbers': false,
      'parse-numbers': false,
      'duplicate-arguments-array': true,
      'camel-case-expansion': false,
    })
    .fail((message, error: unknown) => {
      if (error instanceof Failure) throw error;
      const complaint = error instanceof Error ? error.message : message;
      const said = missingIn(argv, complaint) ?? complaint;
      const why = `${said.replaceAll(/\s*\n\s*/g, ' ')}${suggestionFor(said)}`;
      throw new Failure('config', `Cannot read the command line: ${why} (see sluice --help)`, { cause: error });
    })
    .options(commonOptions);
}

/**
 * yargs draws the help of each command that it runs, whoever asks for it, and to measure its words takes longer than
 * all else that is done before the first host is asked. What is hidden is not drawn.
 */
function drawnIfAskedFor(argv: readonly string[]): Argv {
  const parser = yargs();
  if (argv.some((word) => /^(--h(elp)?(=|$)|-[a-z]*h)/i.test(word))) return parser;
  for (const name of [...optionNames, ...ARGUMENTS, 'help', 'version']) parser.hide(name);
  return parser;
}

/** What commands are given without a name of its own. */
const ARGUMENTS: readonly string[] = ['playbook', 'run', 'hosts', 'action', 'target', 'words', 'group'];

/** What each of these cannot do without. */
const needs: Readonly<Record<string, string>> = {
  ...{ rollout: 'a playbook', plan: 'a playbook', show: 'the id of a run, or "last"' },
  ...{ drain: 'hosts, such as all', recover: 'hosts, such as all', maintain: 'hosts, such as all' },
  ...{ 'switch-back': 'hosts, such as all', retire: 'hosts, such as all' },
  haproxy: 'an action, and a playbook or hosts: see sluice haproxy --help',
  ...{ lock: 'an action: list, take, release or break', hosts: '"trust" and hosts, such as all' },
};

/** yargs only counts what is missing. */
function missingIn(argv: readonly string[], complaint: string): string | undefined {
  const [, option] = /^Not enough arguments following: (\S+)$/.exec(complaint) ?? [];
  if (option !== undefined) return `${option.length > 1 ? '--' : '-'}${option} needs a value`;
  const name = argv.find((word) => word in needs);
  if (name === undefined || !complaint.startsWith('Not enough non-option arguments')) return undefined;
  return `${name} needs ${needs[name] ?? ''}`;
}

/** What comes after `--`. */
function wordsIn(argv: readonly string[]): readonly string[] {
  return argv.includes('--') ? argv.slice(argv.indexOf('--') + 1) : [];
}

/** yargs suggests commands but no options. */
function suggestionFor(complaint: string): string {
  const [, name] = /^Unknown argument: (\S+)$/.exec(complaint) ?? [];
  if (name === undefined) return '';
  return optionNames.includes(name) ? ': other commands have it, this one has not' : suggestion(name, optionNames);
}

/** Words that stand by themselves; `words` are those of a command of HAProxy's. */
const NO_OPTIONS: readonly string[] = ['_', '--', 'words'];

/** Said twice, the last one counts, as in Ansible; only what is meant to be repeated stays a list. */
function lastOfEach(args: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(args)) {
    if (Array.isArray(value) && !NO_OPTIONS.includes(name) && !isRepeatable(name)) args[name] = value.at(-1);
  }
}

function numberOf(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Failure('config', `Cannot use --number ${text}: it must be a whole number above 0`);
}

function playingOf(args: PlanningArgs & PacingArgs & Partial<PullArgs>): Playing {
  const list = (texts: readonly string[]): string[] =>
    texts.flatMap((text) => text.split(',')).filter((tag) => tag !== '');
  const { playbook, force, diff } = args;
  return {
    ...{ playbook, force, diff, extraVars: args['extra-vars'], detailedExitcode: args['detailed-exitcode'] },
    ...{ tags: list(args.tags), skipTags: list(args['skip-tags']), pacing: pacingOf(args) },
    ...{ loading: loadingOf(args), pullsPerHost: pullsPerHostIn(args) },
  };
}
