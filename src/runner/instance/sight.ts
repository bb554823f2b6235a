import type { BackendState, ServerState } from '../../rollout/observed.ts';
import type { ServerLook } from '../ports/ports.ts';
import { noSuchServer, type ServerAccess } from './traffic.ts';

/** One server and those beside it, as its balancer has them. */
export interface Sight {
  readonly access: ServerAccess;
  readonly look: ServerLook;
  readonly state: ServerState;
  readonly backend: BackendState;
}

/** The process comes first: if it changes before something is done to the server, the next look finds out. */
export async function sightOf(access: ServerAccess): Promise<Sight> {
  const { server, balancer } = access;
  const look = await balancer.look(server);
  const [backend] = await balancer.backends(server.backend);
  const state = backend?.servers.find((one) => one.server.name === server.name);
  if (!backend || !state) throw noSuchServer(access);
  return { access, look, state, backend };
}
