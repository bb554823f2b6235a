import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure } from '../../errors.ts';
import { hostScope, type HostSurroundings } from './host-scope.ts';
import type { InventoryHost } from './inventory.ts';
import { render } from '../template.ts';
import { isHostName, isPort, printable } from './ranges.ts';
import { sshOptionsOf } from './ssh-options.ts';

/** What is needed to open an SSH connection to a host. */
export interface SshAddress {
  /** Its name in the inventory. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Tried in this order. */
  readonly privateKeyFiles: readonly string[];
  readonly knownHostsFiles: readonly string[];
  readonly hostKeyChecking: 'yes' | 'accept-new' | 'no';
  readonly connectTimeoutMs: number;
}

/** What the command line says; it is stronger than the inventory. */
export interface ConnectionOverrides {
  readonly user?: string;
  readonly privateKeyFile?: string;
  readonly timeoutMs?: number;
}

/** Whose computer this is. */
export interface Surroundings {
  readonly home: string;
  readonly user: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * How to reach a host, from its Ansible variables. A variable such as `ansible_port` is stronger than the same
 * option in `ansible_ssh_common_args`.
 *
 * @throws Failure `config` if a variable has no meaning, or an option none for us
 */
export function connectionOf(
  host: InventoryHost,
  overrides: ConnectionOverrides = {},
  surroundings: Surroundings = here(),
  around: HostSurroundings = {},
): SshAddress {
  const read = readerOf(host, around);
  const plugin = read('ansible_connection') ?? 'ssh';
  if (!['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(plugin)) {
    throw failure(host, `ansible_connection=${plugin} is not supported yet`);
  }
  const options = sshOptionsOf(host.name, {
    ansible_ssh_common_args: read('ansible_ssh_common_args'),
    ansible_ssh_extra_args: read('ansible_ssh_extra_args'),
  });
  const inFull = (path: string): string => fullPath(path, surroundings);
  const key = overrides.privateKeyFile ?? read('ansible_ssh_private_key_file') ?? read('ansible_private_key_file');
  const keys = key === undefined ? (options.identityFiles ?? defaultKeys) : [key];
  return {
    host: host.name,
    address: addressOf(host, read('ansible_host', 'ansible_ssh_host') ?? host.name),
    port: portOf(host, read('ansible_port', 'ansible_ssh_port') ?? options.port ?? '22'),
    user: overrides.user ?? read('ansible_user', 'ansible_ssh_user') ?? options.user ?? surroundings.user,
    privateKeyFiles: keys.map(inFull),
    knownHostsFiles: (options.knownHostsFiles ?? defaultKnownHosts).map(inFull),
    hostKeyChecking: checksHostKeys(read, surroundings.env) ? (options.hostKeyChecking ?? 'yes') : 'no',
    connectTimeoutMs:
      overrides.timeoutMs ??
      timeoutOf(host, read('ansible_timeout', 'ansible_ssh_timeout')) ??
      timeoutOf(host, options.connectTimeout) ??
      10_000,
  };
}

const defaultKeys = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'];
const defaultKnownHosts = ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'];

function here(): Surroundings {
  return { home: homedir(), user: userInfo().username, folder: process.cwd(), env: process.env };
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

function portOf(host: InventoryHost, port: string): number {
  if (/^\d+$/.test(port) && isPort(Number(port))) return Number(port);
  throw failure(host, `its port should be a number from 1 to 65535, is "${printable(port)}"`);
}

function timeoutOf(host: InventoryHost, seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const ms = Number(seconds) * 1000;
  if (Number.isFinite(ms) && ms > 0) return ms;
  throw failure(host, `its connect timeout should be a number of seconds, is "${printable(seconds)}"`);
}

/** The variable is stronger than the environment, as in Ansible. */
function checksHostKeys(read: VarReader, env: Surroundings['env']): boolean {
  const written =
    read('ansible_host_key_checking', 'ansible_ssh_host_key_checking') ?? env['ANSIBLE_HOST_KEY_CHECKING'] ?? 'true';
  return !['false', 'no', 'off', '0', 'n', 'f'].includes(written.trim().toLowerCase());
}

function fullPath(path: string, { home, folder }: Surroundings): string {
  if (path === '~') return home;
  return path.startsWith('~/') ? join(home, path.slice(2)) : resolve(folder, path);
}

function failure(host: InventoryHost, reason: string): Failure {
  return new Failure('config', `Cannot connect to ${host.name}: ${reason}`);
}
