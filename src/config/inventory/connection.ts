import { Failure } from '../../errors.ts';
import type { SshOption, SshRequest, Transport } from '../../rollout/ssh-request.ts';
import { hostScope, type HostSurroundings } from './host-scope.ts';
import type { InventoryHost } from './inventory.ts';
import { render } from '../template.ts';
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
  const read = readerOf(host, around);
  refuseOtherWays(host, read);
  const transport = overrides.transport ?? transportOf(host, read);
  const takes = transport === 'openssh' ? 'all' : 'heeded';
  const argumentsIn = (variable: string) => sshArgumentsOf(host.name, variable, read(variable) ?? '', takes);
  const [first, common, extra] = [
    argumentsIn('ansible_ssh_args'),
    argumentsIn('ansible_ssh_common_args'),
    argumentsIn('ansible_ssh_extra_args'),
  ];
  return {
    host: host.name,
    destination: addressOf(host, read('ansible_host', 'ansible_ssh_host') ?? host.name),
    options: [
      ...optionsOf(host, {
        user: overrides.user,
        identityfile: overrides.privateKeyFile,
        connecttimeout: overrides.timeoutMs === undefined ? undefined : String(overrides.timeoutMs / 1000),
      }),
      ...first.options,
      ...optionsOf(host, {
        stricthostkeychecking: checksHostKeys(read, environment) ? undefined : 'no',
        port: read('ansible_port', 'ansible_ssh_port'),
        identityfile:
          overrides.privateKeyFile === undefined
            ? read('ansible_ssh_private_key_file', 'ansible_private_key_file')
            : undefined,
        user: read('ansible_user', 'ansible_ssh_user'),
        connecttimeout: read('ansible_timeout', 'ansible_ssh_timeout'),
      }),
      ...common.options,
      ...extra.options,
    ],
    transport,
    become: becomesRoot({ read, isSet: (name) => !isUnset(host.vars[name]), refuse: (why) => failure(host, why) }),
    configFile: overrides.configFile ?? first.configFile ?? common.configFile ?? extra.configFile,
  };
}

/** Not `ansible_connection`: with most who write `ssh` there, it means no more than over the network. */
function transportOf(host: InventoryHost, read: VarReader): Transport | undefined {
  const transport = read('sluice_transport');
  if (transport === undefined || transport === 'ssh2' || transport === 'openssh') return transport;
  throw failure(host, `sluice_transport should be ssh2 or openssh, is "${printable(transport)}"`);
}

function refuseOtherWays(host: InventoryHost, read: VarReader): void {
  const plugin = read('ansible_connection') ?? 'ssh';
  if (!['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(plugin)) {
    throw failure(host, `ansible_connection=${plugin} is not supported yet`);
  }
  // By name alone: a value of the vault need not be decrypted for that.
  const password = ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'].find(
    (it) => !isUnset(host.vars[it]),
  );
  if (password !== undefined) {
    throw failure(host, `${password} is set, but sluice logs in by keys and ssh-agent only: take it out`);
  }
}

/** @throws Failure `config` for values that have no meaning */
function optionsOf(host: InventoryHost, values: Readonly<Record<string, string | undefined>>): readonly SshOption[] {
  return Object.entries(values).flatMap(([keyword, value]): SshOption[] => {
    if (value === undefined) return [];
    const problem = problemWith(keyword, value);
    if (problem !== undefined) throw failure(host, `${problem}, is "${printable(value)}"`);
    // OpenSSH knows whole seconds only.
    return [{ keyword, value: inQuotes(keyword === 'connecttimeout' ? String(Math.ceil(Number(value))) : value) }];
  });
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

type VarReader = (...names: readonly string[]) => string | undefined;

/** The first of these variables that the host has, as text. */
function readerOf(host: InventoryHost, around: HostSurroundings): VarReader {
  const scope = hostScope(host, {}, around);
  return (...names) => {
    const name = names.find((it) => !isUnset(host.vars[it]));
    if (name === undefined) return undefined;
    const value = render(host.vars[name], scope, (_path, message) => {
      throw failure(host, `${name}: ${message}${placeText(host, name)}`);
    });
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw failure(host, `${name} should be text or a number${placeText(host, name)}`);
  };
}

function placeText(host: InventoryHost, variable: string): string {
  const place = host.placeOf?.(variable);
  return place === undefined ? '' : `, ${place.file}:${place.line}`;
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function addressOf(host: InventoryHost, address: string): string {
  if (isHostName(address)) return address;
  throw failure(host, `"${printable(address)}" in ansible_host is no address`);
}

/** The variable is stronger than the environment, as in Ansible. */
function checksHostKeys(read: VarReader, environment: Environment): boolean {
  const written =
    read('ansible_host_key_checking', 'ansible_ssh_host_key_checking') ??
    environment['ANSIBLE_HOST_KEY_CHECKING'] ??
    'true';
  return !['false', 'no', 'off', '0', 'n', 'f'].includes(written.trim().toLowerCase());
}

function failure(host: InventoryHost, reason: string): Failure {
  return new Failure('config', `Cannot connect to ${host.name}: ${reason}`);
}
