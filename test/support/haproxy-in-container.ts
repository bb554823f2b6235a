/** An HAProxy in a container, where tests are about reaching it there. */
import { dirname } from 'node:path';
import { docker, kill } from '../../lab/lab.ts';
import { haproxyProgram } from '../../lab/haproxy.ts';
import { imageOf } from '../../lab/settings.ts';
import { ownHost } from './own-host.ts';

/** The machine's own program instead of the host's HAProxy, with its own mounts, processes and /var/run. */
export async function haproxyInContainer(
  more: readonly string[] = [],
  config = '/etc/haproxy/haproxy.cfg',
): Promise<void> {
  const program = haproxyProgram();
  const needed = new Set(['/usr/sbin', '/usr/lib', '/lib', '/lib64', '/etc', dirname(program)]);
  const mounts = [...needed].flatMap((path) => ['-v', `${path}:${path}:ro`]);
  const run = ['run', '-d', '--name', 'lb', '--network', 'host', '--user', '0', '--no-healthcheck'];
  const command = [program, '-W', '-db', '-S', '/var/run/haproxy-master.sock', '-f', config];
  await kill(ownHost(), 'haproxy');
  await docker(ownHost(), ...run, ...mounts, ...more, imageOf('v1'), ...command);
}
