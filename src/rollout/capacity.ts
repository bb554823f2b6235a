import { sameBalancer, type Balancer, type MinUp } from './model.ts';
import type { BackendState, ServerState } from './observed.ts';

/** Whether requests may be balanced to this server now. Backup servers do not count: they serve only in need. */
export function isUsable(server: ServerState): boolean {
  return server.isUp && server.admin === 'ready' && server.weight > 0 && !server.isBackup;
}

export function usableIn(backend: BackendState): number {
  return backend.servers.filter(isUsable).length;
}

/** The least number of usable servers a backend may have. A percentage is of its servers, rounded up. */
export function floorOf(minUp: MinUp, backend: BackendState): number {
  if ('servers' in minUp) return minUp.servers;
  const servers = backend.servers.filter((server) => !server.isBackup).length;
  return Math.ceil((minUp.percent * servers) / 100);
}

export function isOf(backend: BackendState, where: { readonly balancer: Balancer; readonly backend: string }): boolean {
  return backend.name === where.backend && sameBalancer(backend.balancer, where.balancer);
}
