import type { SshOption, SshRequest, Transport } from '../../rollout/ssh-request.ts';
import type { HostSurroundings } from './host-scope.ts';
import { HostVars } from './host-vars.ts';
import type { InventoryHost } from './inventory.ts';
import { becomesRoot } from './become.ts';
import { isHostName, isPort, printable } from './ranges.ts';
import { inQuotes, sshArgumentsOf } from './ssh-options.ts';

/** What the command line says; it is stronger than the inventory. */
export interface ConnectionOverrides {
  readonly user?: string;
  readonly privateKeyFile?: string;
  readonly timeoutMs?: number;
  readonly configFile?: string;
  readonly transport?: Transport;
}

type Environment = Readonly<Record<string, string | undefined>>;

const OF_THE_WAY =
  /^ansible_(host|port|user|connection|timeout|private_key_file|host_key_checking|password|(ssh|become|sudo)(_\w+)?)$/;

/** Whether a variable is one of those that say how a host is reached, and as whom. */
export function saysHowReached(variable: string): boolean {
  return OF_THE_WAY.test(variable);
}

/**
 * How to reach a host, from its Ansible variables, in Ansible's order: `ansible_ssh_args` are stronger than a variable
 * such as `ansible_port`, that is stronger than `ansible_ssh_common_args`, and `ansible_ssh_extra_args` come last.
 *
 * @throws Failure `config` if a variable has no meaning, or an option none for us
 */
export function connectionOf(
  host: InventoryHost,
  overrides: ConnectionOverrides = {},
  environment: Environment = process.env,
  around: HostSurroundings = {},
): SshRequest {
  const vars = new HostVars(host, around);
  refuseOtherWays(vars);
  const transport = overrides.transport ?? transportOf(vars);
  const takes = transport === 'openssh' ? 'all' : 'heeded';
  const argumentsIn = (variable: string) =>
    sshArgumentsOf(vars.read(variable) ?? '', {
      takes,
      refuse: (why) => vars.refusal(`${why} in ${variable} (docs/ssh.md tells what is heeded)`, variable),
    });
  const [first, common, extra] = [
    argumentsIn('ansible_ssh_args'),
    argumentsIn('ansible_ssh_common_args'),
    argumentsIn('ansible_ssh_extra_args'),
  ];
  const hasKey = overrides.privateKeyFile !== undefined;
  return {
    host: host.name,
    destination: addressOf(vars) ?? host.name,
    options: [
      ...given('user', overrides.user, vars),
      ...given('identityfile', overrides.privateKeyFile, vars),
      ...given(
        'connecttimeout',
        overrides.timeoutMs === undefined ? undefined : String(overrides.timeoutMs / 1000),
        vars,
      ),
      ...first.options,
      ...given('stricthostkeychecking', checksHostKeys(vars, environment) ? undefined : 'no', vars),
      ...written('port', ['ansible_port', 'ansible_ssh_port'], vars),
      ...(hasKey ? [] : written('identityfile', ['ansible_ssh_private_key_file', 'ansible_private_key_file'], vars)),
      ...written('user', ['ansible_user', 'ansible_ssh_user'], vars),
      ...written('connecttimeout', ['ansible_timeout', 'ansible_ssh_timeout'], vars),
      ...common.options,
      ...extra.options,
    ],
    transport,
    become: becomesRoot(vars),
    configFile: overrides.configFile ?? first.configFile ?? common.configFile ?? extra.configFile,
  };
}

/** Not `ansible_connection`: with most who write `ssh` there, it means no more than over the network. */
function transportOf(vars: HostVars): Transport | undefined {
  const name = 'sluice_transport';
  const transport = vars.read(name);
  if (transport === undefined || transport === 'ssh2' || transport === 'openssh') return transport;
  throw vars.refusal(`${name} should be ssh2 or openssh, is "${printable(transport)}"`, name);
}

function refuseOtherWays(vars: HostVars): void {
  const plugin = vars.read('ansible_connection') ?? 'ssh';
  if (!['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(plugin)) {
    throw vars.refusal(`ansible_connection=${plugin} is not supported yet`, 'ansible_connection');
  }
  const password = vars.nameOf('ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password');
  if (password !== undefined) {
    throw vars.refusal(`${password} is set, but sluice logs in by keys and ssh-agent only: take it out`, password);
  }
}

function written(keyword: string, names: readonly string[], vars: HostVars): readonly SshOption[] {
  return given(keyword, vars.read(...names), vars, names);
}

/** @throws Failure `config` for a value that has no meaning */
function given(
  keyword: string,
  value: string | undefined,
  vars: HostVars,
  names: readonly string[] = [],
): readonly SshOption[] {
  if (value === undefined) return [];
  const problem = problemWith(keyword, value);
  if (problem !== undefined) throw vars.refusal(`${problem}, is "${printable(value)}"`, ...names);
  // OpenSSH knows whole seconds only.
  return [{ keyword, value: inQuotes(keyword === 'connecttimeout' ? String(Math.ceil(Number(value))) : value) }];
}

function problemWith(keyword: string, value: string): string | undefined {
  switch (keyword) {
    case 'port':
      return /^\d+$/.test(value) && isPort(Number(value)) ? undefined : 'its port should be a number from 1 to 65535';
    case 'connecttimeout':
      return Number.isFinite(Number(value)) && Number(value) > 0
        ? undefined
        : 'its connect timeout should be a number of seconds';
    case 'user':
      // Those that OpenSSH refuses, too: the name may get into a command line of ~/.ssh/config.
      return /^-|[\s'`"$\\;&<>|(){}\0]/.test(value) ? 'its user should be a name' : undefined;
    case 'identityfile':
      return /["\r\n\0]/.test(value) ? 'its key file should be a path without quotes and line breaks' : undefined;
    default:
      return undefined;
  }
}

/** Where a host is reached; undefined: by its name. */
export function addressOf(vars: HostVars): string | undefined {
  const names = ['ansible_host', 'ansible_ssh_host'];
  const address = vars.read(...names);
  if (address === undefined || isHostName(address)) return address;
  throw vars.refusal(`"${printable(address)}" in ansible_host is no address`, ...names);
}

/** The variable is stronger than the environment, as in Ansible. */
function checksHostKeys(vars: HostVars, environment: Environment): boolean {
  const word =
    vars.read('ansible_host_key_checking', 'ansible_ssh_host_key_checking') ??
    environment['ANSIBLE_HOST_KEY_CHECKING'] ??
    'true';
  return !['false', 'no', 'off', '0', 'n', 'f'].includes(word.trim().toLowerCase());
}
