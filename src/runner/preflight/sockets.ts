import { Absent } from '../../errors.ts';
import type { BalancerPlace } from '../../rollout/model.ts';
import type { HostAccess } from '../ports/ports.ts';

/** Where HAProxy's stats socket is by custom; the last one is Debian's. */
const CUSTOMARY_SOCKETS = ['/var/run/haproxy.sock', '/run/haproxy.sock', '/run/haproxy/admin.sock'];

/** What the command line says of a balancer's place; where it is silent, custom has it. */
export interface NamedPlace {
  readonly socket: string | undefined;
  /** Undefined: HAProxy runs on the host itself. */
  readonly container: string | undefined;
}

/** @throws Failure `haproxy` when no socket was named and there is none where it is by custom */
export async function placeOn(
  host: Pick<HostAccess, 'name' | 'firstSocket'>,
  { socket: named, container }: NamedPlace,
): Promise<BalancerPlace> {
  const socket = named ?? (await host.firstSocket(CUSTOMARY_SOCKETS, container));
  if (socket !== undefined) return { socket, ...(container !== undefined && { container }) };
  const where = container === undefined ? host.name : `${host.name} in container ${container}`;
  const places = CUSTOMARY_SOCKETS.join(', ');
  throw new Absent(
    'haproxy',
    `Cannot find HAProxy's socket on ${where}: there is none at ${places}; name it with --socket`,
  );
}
