import { balancerKey, sameServer, serverPath, serversOf, type Instance } from '../../rollout/model.ts';
import type { BackendState, ServerState } from '../../rollout/observed.ts';
import { stateOf } from '../../rollout/plan.ts';
import type { Finding } from '../hosts/findings.ts';

/**
 * Other servers of the same HAProxys that send requests to where an instance is, and that nobody would drain: those in
 * other backends, or under other names.
 */
export function alsoThere(instance: Instance, all: readonly BackendState[]): Finding[] {
  const own = serversOf(instance);
  return own.flatMap((server): Finding[] => {
    const state = stateOf(server, all);
    if (!state || state.port === 0) return [];
    const others = all
      .filter(({ balancer }) => balancerKey(balancer) === balancerKey(server.balancer))
      .flatMap(({ servers }) => servers)
      .filter((one) => isSamePlace(one, state) && !own.some((mine) => sameServer(mine, one.server)));
    return others.map((one) => {
      const what = `${serverPath(one.server)} goes to ${one.address}:${one.port} as ${serverPath(server)} does`;
      const why = `its requests to ${instance.container} would fail, since it would not be drained`;
      const how =
        one.server.name === server.name
          ? 'name its backend in the playbook, too (balancer.backend may be a list), or set it to maint'
          : 'give it the same name and name its backend in the playbook, too, or set it to maint';
      return { kind: 'problem', host: server.balancer.host, text: `${what}: ${why}: ${how}` };
    });
  });
}

/** One in maintenance gets no requests. */
function isSamePlace(one: ServerState, { address, port }: ServerState): boolean {
  return one.admin !== 'maint' && one.address === address && one.port === port;
}
