import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.ts';
import { run } from './shell.ts';
import { sshDir, type LabSettings } from './settings.ts';

export const sshKey = join(sshDir, 'id_ed25519');
export const knownHosts = join(sshDir, 'known_hosts');

/** The key of the lab's user, and one key per host in a known_hosts file: host keys can really be checked. */
export async function makeKeys(hosts: readonly Host[]): Promise<void> {
  mkdirSync(sshDir, { recursive: true, mode: 0o700 });
  await makeKey(sshKey, 'sluice-lab');
  for (const host of hosts) await makeKey(hostKey(host), host.name);
  const lines = hosts.map((host) => `${host.address},${host.name} ${publicKey(hostKey(host))}\n`);
  writeFileSync(knownHosts, lines.join(''));
}

/** Options of ssh(1) that reach a host of the lab. */
export function sshOptions(): readonly string[] {
  return ['-i', sshKey, '-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'IdentitiesOnly=yes'];
}

/** Answers whether that changed it. */
export function writeSshdConfig(host: Host, { streamLocal }: Pick<LabSettings, 'streamLocal'>): boolean {
  const authorizedKeys = join(host.dir, 'authorized_keys');
  // Not below the folder of the private key, which only root may enter: sshd reads it as the user who logs in.
  writeFileSync(authorizedKeys, readFileSync(`${sshKey}.pub`));
  const lines = [
    'Port 22',
    `HostKey ${hostKey(host)}`,
    `AuthorizedKeysFile ${authorizedKeys}`,
    // The key files are below /var/tmp, which others may write to.
    'StrictModes no',
    'PidFile none',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'UseDNS no',
    'MaxStartups 200:30:400',
    'Subsystem sftp internal-sftp',
    ...(streamLocal ? [] : ['AllowStreamLocalForwarding no']),
  ];
  const [file, text] = [join(host.dir, 'sshd_config'), `${lines.join('\n')}\n`];
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return false;
  writeFileSync(file, text);
  return true;
}

/** Kept outside the host's folder: a host that is made anew keeps its key. */
function hostKey(host: Host): string {
  return join(sshDir, `${host.name}_host_key`);
}

async function makeKey(file: string, comment: string): Promise<void> {
  if (existsSync(file) && existsSync(`${file}.pub`)) return;
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
}

function publicKey(file: string): string {
  return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
}
