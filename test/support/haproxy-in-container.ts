import { docker, kill } from '../../lab/lab.ts';
import { imageOf } from '../../lab/settings.ts';
import { ownHost } from './own-host.ts';

/** On the own host, instead of its own: the machine's HAProxy in a container, with its own mounts, processes and /var/run. */
export async function haproxyInContainer(...more: readonly string[]): Promise<void> {
  const libraries = ['/usr/sbin', '/usr/lib', '/lib', '/lib64', '/etc'].flatMap((path) => ['-v', `${path}:${path}:ro`]);
  const command = [
    '/usr/sbin/haproxy',
    '-W',
    '-db',
    '-S',
    '/var/run/haproxy-master.sock',
    '-f',
    '/etc/haproxy/haproxy.cfg',
  ];
  await kill(ownHost(), 'haproxy');
  await docker(
    ownHost(),
    'run',
    '-d',
    '--name',
    'lb',
    '--network',
    'host',
    '--user',
    '0',
    '--no-healthcheck',
    ...libraries,
    ...more,
    imageOf('v1'),
    ...command,
  );
}
