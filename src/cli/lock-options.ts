import type { Argv } from 'yargs';
import { Failure } from '../errors.ts';
import type { Locking } from '../runner/hosts/held-hosts.ts';
import type { HostsCommand, LockAction } from './command.ts';
import { durationMs } from './duration.ts';
import { EXIT_CODES, type CommonArgs } from './common-options.ts';

/** Of every command that locks hosts to do something. */
export const waiting = {
  'lock-wait': {
    type: 'string',
    requiresArg: true,
    default: '0s',
    describe: 'How long to wait for hosts that others hold, such as 10m',
  },
} as const;

/** Of those that a dead run's leftovers would keep from starting. */
export const takingOver = {
  'take-over': {
    type: 'boolean',
    default: false,
    describe: 'First put back what a run that died has left in work',
  },
} as const;

export interface LockingArgs {
  readonly 'lock-wait'?: string | undefined;
  readonly 'take-over'?: boolean | undefined;
}

export function lockingOf(args: LockingArgs): Pick<Locking, 'waitMs' | 'takeOver'> {
  return {
    waitMs: durationMs('--lock-wait', args['lock-wait'] ?? '0s'),
    takeOver: args['take-over'] ?? false,
  };
}

/** Why hosts are locked, for others to read: so without variables, which may be secret. */
export function reasonFor(command: HostsCommand): string {
  if (command.name === 'haproxy')
    return `haproxy ${command.action} ${'playbook' in command ? command.playbook : command.pattern}`;
  if ('playbook' in command) return `${command.name} ${command.playbook}`;
  if (command.name === 'rollback') return `rollback ${command.run ?? 'last'}`;
  return `${command.name} ${command.pattern}`;
}

export const lockingOptions = {
  note: { alias: 'm', type: 'string', requiresArg: true, default: '', describe: 'With take: why' },
  force: { type: 'boolean', default: false, describe: 'With break: also the lock of a run that lives' },
} as const;

interface ActionArgs {
  readonly action: LockAction;
  readonly hosts: string | undefined;
  readonly note: string;
  readonly force: boolean;
}

export function lockActions(parser: Argv<CommonArgs>): Argv<CommonArgs & ActionArgs> {
  return parser
    .epilogue(EXIT_CODES)
    .positional('action', {
      choices: ['list', 'take', 'release', 'break'] as const,
      demandOption: true,
      describe: 'list, take on purpose (-m says why), release what you took, break what is dead or taken by others',
    })
    .positional('hosts', { type: 'string', describe: 'Host pattern, as in Ansible; list shows all without one' })
    .options(lockingOptions);
}

/** @throws Failure `config` for what does not go together */
export function lockCommandOf({ action, hosts, note, force }: ActionArgs): {
  readonly action: LockAction;
  readonly pattern: string;
  readonly note: string;
  readonly force: boolean;
} {
  const wrong =
    (hosts === undefined && action !== 'list' && 'say which hosts') ||
    (note === '' && action === 'take' && 'say why with -m, for those who find them locked') ||
    (note !== '' && action !== 'take' && '-m goes with take only') ||
    (force && action !== 'break' && '--force goes with break only');
  if (wrong) throw new Failure('config', `Cannot ${action} locks: ${wrong}`);
  return { action, pattern: hosts ?? 'all', note, force };
}
