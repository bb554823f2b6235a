import { existsSync } from 'node:fs';
import { forgetPolicy, withoutServices } from './policy.ts';
import { run } from './shell.ts';

/** What the hosts are made of: a program, and the Debian package that has it. */
const programs: readonly (readonly [string, string])[] = [
  ['/usr/sbin/dockerd', 'docker.io'],
  ['/usr/bin/docker', 'docker.io'],
  ['/usr/sbin/haproxy', 'haproxy'],
  ['/usr/sbin/sshd', 'openssh-server'],
  ['/usr/bin/ssh', 'openssh-client'],
  ['/usr/sbin/dropbear', 'dropbear-bin'],
  ['/usr/bin/sudo', 'sudo'],
  ['/usr/sbin/iptables', 'iptables'],
  ['/usr/bin/socat', 'socat'],
  ['/bin/busybox', 'busybox-static'],
  ['/usr/bin/docker-registry', 'docker-registry'],
  ['/sbin/ip', 'iproute2'],
  ['/usr/bin/openssl', 'openssl'],
];

export const packages: readonly string[] = [...new Set(programs.map(([, name]) => name))];

/** Installs what is missing, on Debian, and has none of it start a service. */
export async function installPackages(): Promise<void> {
  forgetPolicy();
  const missing = new Set(programs.filter(([program]) => !existsSync(program)).map(([, name]) => name));
  if (missing.size === 0) return;
  console.log(`lab: installing ${[...missing].join(' ')}`);
  await run('apt-get', ['-qq', 'update']);
  await withoutServices(async () => {
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
  });
}
