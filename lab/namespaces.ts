import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cgroupOf, favourCgroups, removeCgroups } from './cgroups.ts';
import type { Host } from './host.ts';
import { inside, namespacesDir } from './host.ts';
import { isPluggedIn, plugIn, unplug } from './network.ts';
import type { Process } from './processes.ts';
import { killAll, namespaceOf, processes } from './processes.ts';
import { registry } from './settings.ts';
import { run, succeeds } from './shell.ts';

/** What a host has of its own; everything else of the file system it shares with the machine. */
const ownPaths = [
  ['run', '/run'],
  ['root', '/root'],
  ['home', '/home'],
  ['sluice', '/var/lib/sluice'],
  ['haproxy', '/etc/haproxy'],
  ['etc/hosts', '/etc/hosts'],
  ['etc/hostname', '/etc/hostname'],
  ['etc/passwd', '/etc/passwd'],
  ['etc/group', '/etc/group'],
  ['etc/shadow', '/etc/shadow'],
  ['boot_id', '/proc/sys/kernel/random/boot_id'],
] as const;

/** The only folder the lab makes outside its own: a mount needs something to be mounted on. */
const sluiceDir = '/var/lib/sluice';
/** What daemons expect to find in /run. */
export const runFolders = ['run/sshd', 'run/lock'] as const;
export const deployUser = { name: 'deploy', id: 7700 } as const;

/** Processes that belong to the host: its daemons by their namespaces, those of its containers by their cgroup. */
export function processesOf(host: Host): readonly Process[] {
  const net = namespaceOf(host.namespaces.net, 'net');
  const mount = namespaceOf(host.namespaces.mount, 'mnt');
  return processes().filter(
    (process) => process.net === net || process.mount === mount || process.cgroup.includes(`${cgroupOf(host)}/`),
  );
}

/** Whether `makeNamespaces` was done to its end since the machine was started. */
export async function hasNamespaces(host: Host): Promise<boolean> {
  const made = identityOf(host);
  if (made === undefined || !existsSync(identityFile(host))) return false;
  return readFileSync(identityFile(host), 'utf8') === made && (await isPluggedIn(host));
}

export async function makeNamespaces(host: Host): Promise<void> {
  makeFiles(host);
  const { net, mount, uts } = host.namespaces;
  for (const file of [net, mount, uts]) writeFileSync(file, '');
  await run('unshare', [`--net=${net}`, `--mount=${mount}`, `--uts=${uts}`, '--propagation', 'private', 'true']);
  // Its copies of the mounted namespaces would keep those of removed hosts alive.
  const mounts = ownPaths.map(([own, path]) => `mount --bind ${join(host.dir, own)} ${path}`);
  const script = [`umount -l ${namespacesDir}`, ...mounts, `hostname ${host.name}`].join(' && ');
  await run('nsenter', inside(host, ['sh', '-c', script]));
  await plugIn(host);
  favourCgroups();
  writeFileSync(identityFile(host), identityOf(host) ?? '');
}

/** Removes the host, whatever there is of it, and its folder. */
export async function removeHost(host: Host): Promise<void> {
  await killAll(`the processes of ${host.name}`, () => processesOf(host));
  for (const file of Object.values(host.namespaces)) {
    while (existsSync(file) && (await succeeds('umount', ['-l', file])));
    rmSync(file, { force: true });
  }
  await unplug(host);
  removeCgroups(host);
  rmSync(host.dir, { recursive: true, force: true, maxRetries: 5 });
}

/** What is left when there are no hosts. */
export async function removeNamespacesDir(): Promise<void> {
  while (await succeeds('umount', ['-l', namespacesDir]));
  removeCgroups();
  if (existsSync(sluiceDir) && readdirSync(sluiceDir).length === 0) rmdirSync(sluiceDir);
}

/**
 * The mount under a shared parent would be refused by unshare(1), hence a private one. To be made before hosts are made
 * side by side: each would make its own, over those of the others.
 */
export async function makeNamespacesDir(): Promise<void> {
  mkdirSync(namespacesDir, { recursive: true });
  if (await succeeds('mountpoint', ['-q', namespacesDir])) return;
  await run('mount', ['--bind', namespacesDir, namespacesDir]);
  await run('mount', ['--make-private', namespacesDir]);
}

function makeFiles(host: Host): void {
  rmSync(join(host.dir, 'run'), { recursive: true, force: true });
  for (const dir of [...runFolders, 'root', `home/${deployUser.name}`, 'sluice', 'haproxy', 'etc']) {
    mkdirSync(join(host.dir, dir), { recursive: true });
  }
  mkdirSync(sluiceDir, { recursive: true });
  chmodSync(join(host.dir, 'root'), 0o700);
  const etc = (file: string): string => join(host.dir, 'etc', file);
  writeFileSync(
    etc('hosts'),
    `127.0.0.1 localhost\n${host.address} ${host.name}\n${registry.address} ${registry.name}\n`,
  );
  writeFileSync(etc('hostname'), `${host.name}\n`);
  makeUsers(host, etc);
  renewBootId(host);
}

/** Of this boot. Written in place: it is what is mounted. */
export function renewBootId(host: Host): void {
  writeFileSync(join(host.dir, 'boot_id'), `${randomUUID()}\n`);
}

/** Root and one user who may use Docker, HAProxy and /var/lib/sluice, in the host's own user database. */
function makeUsers(host: Host, etc: (file: string) => string): void {
  const { name, id } = deployUser;
  for (const file of ['passwd', 'group', 'shadow']) copyFileSync(join('/etc', file), etc(file));
  const passwd = readFileSync('/etc/passwd', 'utf8');
  writeFileSync(etc('passwd'), `${passwd.trimEnd()}\n${name}:x:${id}:${id}::/home/${name}:/bin/bash\n`);
  const group = readFileSync('/etc/group', 'utf8').replace(/^(docker|haproxy):(.*?:\d+):(.*)$/gm, (_, ...parts) => {
    const [groupName, middle, members] = parts as string[];
    return `${groupName ?? ''}:${middle ?? ''}:${members === '' ? '' : `${members ?? ''},`}${name}`;
  });
  writeFileSync(etc('group'), `${group.trimEnd()}\n${name}:x:${id}:\n`);
  writeFileSync(etc('shadow'), `root:*:19000:0:99999:7:::\n${name}:*:19000:0:99999:7:::\n`);
  chmodSync(etc('shadow'), 0o600);
  chownSync(join(host.dir, 'home', name), id, id);
  const docker = Number(/^docker:[^:]*:(\d+):/m.exec(group)?.[1] ?? 0);
  chownSync(join(host.dir, 'sluice'), 0, docker);
  chmodSync(join(host.dir, 'sluice'), 0o2775);
}

function identityFile(host: Host): string {
  return join(host.dir, 'namespaces');
}

function identityOf(host: Host): string | undefined {
  const [net, mount] = [namespaceOf(host.namespaces.net, 'net'), namespaceOf(host.namespaces.mount, 'mnt')];
  if (net === undefined || mount === undefined) return undefined;
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${net} ${mount}`;
}
