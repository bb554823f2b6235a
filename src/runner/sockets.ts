import { Failure } from '../errors.ts';
import type { HostAccess } from './ports.ts';

/** Where HAProxy's stats socket is by custom; the last one is Debian's. */
export const CUSTOMARY_SOCKETS = ['/var/run/haproxy.sock', '/run/haproxy.sock', '/run/haproxy/admin.sock'];

/** @throws Failure `config` when none was named and there is none where it is by custom */
export async function socketOf(host: HostAccess, named: string | undefined): Promise<string> {
  const socket = named ?? (await host.firstSocket(CUSTOMARY_SOCKETS));
  if (socket !== undefined) return socket;
  const places = CUSTOMARY_SOCKETS.join(', ');
  throw new Failure(
    'config',
    `Cannot find HAProxy's socket on ${host.name}: there is none at ${places}; name it with --socket`,
  );
}
