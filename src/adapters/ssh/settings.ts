/** From what `ssh -G` prints to an address. @see ssh_config(5) */
import { homedir, hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure } from '../../errors.ts';
import type { SshRequest } from '../../rollout/ssh-request.ts';
import type { Algorithms, SshAddress } from './address.ts';

/** Values by keyword in lower case; identity files have several. */
export type Settings = ReadonlyMap<string, readonly string[]>;

const CONNECT_WITHIN_MS = 10_000;

/** Without any from a configuration: a frozen host is noticed, and a firewall does not forget us in a long drain. */
const KEEPALIVE = { everyMs: 5_000, unanswered: 3 };

const DEFAULT_KEYS = ['~/.ssh/id_rsa', '~/.ssh/id_ecdsa', '~/.ssh/id_ed25519'];
const DEFAULT_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
const GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

/** The lines that `ssh -G` prints. */
export function settingsIn(text: string): Settings {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, keyword, value] = /^(\S+) (.*)$/.exec(line.trim()) ?? [];
    if (keyword === undefined || value === undefined) continue;
    settings.set(keyword.toLowerCase(), [...(settings.get(keyword.toLowerCase()) ?? []), value]);
  }
  return settings;
}

/** The settings where there is no `ssh` to ask: those of the request itself. */
export function settingsOf({ options }: SshRequest): Settings {
  const settings = new Map<string, string[]>();
  for (const { keyword, value } of options) {
    const known = settings.get(keyword);
    const word = value.replace(/^"(.*)"$/, '$1');
    if (known === undefined) settings.set(keyword, [word]);
    else if (keyword === 'identityfile') known.push(word);
  }
  return settings;
}

/**
 * What `settings` mean.
 *
 * @throws Failure `config` for what decides whether the host can be reached, and cannot be done
 */
export function addressOf(
  request: SshRequest,
  settings: Settings,
  environment: NodeJS.ProcessEnv,
): Omit<SshAddress, 'openssh'> {
  const read = (keyword: string): string | undefined => {
    const [value] = settings.get(keyword) ?? [];
    return value === undefined || value === 'none' ? undefined : value;
  };
  refuseImpossible(request, read);
  const address = read('hostname') ?? request.destination;
  const port = Number(read('port') ?? 22);
  const user = read('user') ?? userInfo().username;
  const expand = (text: string): string => {
    const values = { h: address, k: read('hostkeyalias') ?? address, n: request.destination, p: String(port), r: user };
    return expanded(text, values, environment);
  };
  const files = (keyword: string, otherwise: readonly string[]): readonly string[] => {
    const [value] = settings.get(keyword) ?? [];
    if (value === 'none') return [];
    return value === undefined ? otherwise.map(expand) : filesIn(value).map(expand);
  };
  const ownFiles = files('userknownhostsfile', DEFAULT_KNOWN_HOSTS);
  return {
    ...{ host: request.host, address, port, user },
    family: familyOf(read('addressfamily')),
    bindAddress: read('bindaddress'),
    identityFiles: (settings.get('identityfile') ?? DEFAULT_KEYS).filter((file) => file !== 'none').map(expand),
    certificateFiles: (settings.get('certificatefile') ?? []).filter((file) => file !== 'none').map(expand),
    identitiesOnly: read('identitiesonly') === 'yes',
    agentSocket: agentOf(settings, expand, environment),
    knownHostsFiles: [...ownFiles, ...files('globalknownhostsfile', GLOBAL_KNOWN_HOSTS)],
    newKeysFile: ownFiles[0],
    hostKeyAlias: read('hostkeyalias'),
    hostKeyChecking: hostKeyCheckingOf(read('stricthostkeychecking')),
    hashKnownHosts: read('hashknownhosts') === 'yes',
    connectTimeoutMs: positive(read('connecttimeout'), CONNECT_WITHIN_MS / 1000) * 1000,
    attempts: positive(read('connectionattempts'), 1),
    keepalive: keepaliveOf(read),
    jumps: read('proxyjump')?.split(',') ?? [],
    proxyCommand: commandOf(
      read('proxycommand'),
      { host: address, original: request.destination, port, user },
      request.host,
    ),
    algorithms: algorithmsOf(read),
  };
}

type Reader = (keyword: string) => string | undefined;

function refuseImpossible({ host, transport }: SshRequest, read: Reader): void {
  if (transport === 'openssh') {
    if (read('forkafterauthentication') !== 'yes') return;
    throw new Failure('config', `Cannot connect to ${host}: ForkAfterAuthentication is set: ssh must stay ours to end`);
  }
  const why =
    (read('revokedhostkeys') !== undefined &&
      'RevokedHostKeys is set, which only --transport openssh heeds: or mark the keys with @revoked in known_hosts') ||
    (['no', 'false'].includes(read('pubkeyauthentication') ?? '') &&
      'PubkeyAuthentication is off, and without --transport openssh sluice logs in by keys and ssh-agent only') ||
    (read('proxyusefdpass') === 'yes' &&
      'ProxyUseFdpass is set, which only --transport openssh can do: or let the ProxyCommand carry the connection itself');
  if (why) throw new Failure('config', `Cannot connect to ${host}: ${why}`);
}

/** `ssh -G` prints paths parted by blanks, and without quotes; the next path begins with a slash. */
function filesIn(text: string): readonly string[] {
  const isAbsolute = /^[/~]/.test(text);
  return text.split(isAbsolute ? / +(?=[/~])/ : / +/).filter((file) => file !== '');
}

function agentOf(
  settings: Settings,
  expand: (text: string) => string,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  const [value = 'SSH_AUTH_SOCK'] = settings.get('identityagent') ?? [];
  if (value === 'none') return undefined;
  const variable = value === 'SSH_AUTH_SOCK' ? value : /^\$(\w+)$/.exec(value)?.[1];
  const socket = variable === undefined ? expand(value) : environment[variable];
  return socket === '' ? undefined : socket;
}

function familyOf(value: string | undefined): 4 | 6 | undefined {
  return value === 'inet' ? 4 : value === 'inet6' ? 6 : undefined;
}

/** Nobody is asked in the middle of a run, so `ask` is as strict as `yes`; so is anything unknown. */
function hostKeyCheckingOf(value = ''): SshAddress['hostKeyChecking'] {
  if (value === 'accept-new') return value;
  return ['no', 'off', 'false'].includes(value) ? 'no' : 'yes';
}

function keepaliveOf(read: Reader): SshAddress['keepalive'] {
  const seconds = positive(read('serveraliveinterval'), 0);
  if (seconds === 0) return KEEPALIVE;
  return { everyMs: seconds * 1000, unanswered: positive(read('serveralivecountmax'), KEEPALIVE.unanswered) };
}

function positive(value: string | undefined, otherwise: number): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : otherwise;
}

function algorithmsOf(read: Reader): Algorithms {
  const list = (keyword: string): readonly string[] | undefined => read(keyword)?.split(',');
  return {
    ...{ kex: list('kexalgorithms'), hostKey: list('hostkeyalgorithms') },
    ...{ cipher: list('ciphers'), mac: list('macs') },
  };
}

interface Target {
  readonly host: string;
  readonly original: string;
  readonly port: number;
  readonly user: string;
}

/** The command goes to a shell, so nothing that means something there may come from a host or a user. */
function commandOf(command: string | undefined, target: Target, host: string): string | undefined {
  if (command === undefined) return undefined;
  const { host: h, original: n, port, user: r } = target;
  const strange = [h, n, r].find((word) => /^-|[\s'`"$\\;&<>|(){}]/.test(word));
  if (strange !== undefined) {
    throw new Failure(
      'config',
      `Cannot connect to ${host}: its ProxyCommand would be given "${strange}", which a shell may take for a command`,
    );
  }
  return command.replaceAll(/%([%hnpr])/g, (_, token: string) => ({ '%': '%', h, n, p: String(port), r })[token] ?? '');
}

/** `~`, the tokens that have a meaning before there is a connection, and `${VARIABLE}`. */
function expanded(text: string, values: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv): string {
  const { username, homedir: home, uid } = userInfo();
  const full = hostname();
  const tokens: Readonly<Record<string, string>> = {
    ...{ '%': '%', d: home, i: String(uid), l: full, L: full.split('.', 1)[0] ?? full, u: username },
    ...values,
  };
  const path = text
    .replaceAll(/%(.)/g, (whole, token: string) => tokens[token] ?? whole)
    .replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => environment[name] ?? whole);
  // OpenSSH goes by the password file, and not by $HOME.
  return path === '~' || path.startsWith('~/') ? join(home === '' ? homedir() : home, path.slice(1)) : resolve(path);
}
