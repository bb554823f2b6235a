import { balancerKey, sameServer, serverPath, serversOf, type Instance, type Server } from '../../rollout/model.ts';
import type { BackendState, ServerState } from '../../rollout/observed.ts';
import { stateOf } from '../../rollout/plan.ts';
import type { Finding } from '../hosts/findings.ts';

/**
 * Other servers of the same HAProxys that send requests to where an instance is, and that nobody would drain: those in
 * other backends, or under other names; and those that track it, which HAProxy would take out with it.
 */
export function alsoThere(instance: Instance, all: readonly BackendState[]): Finding[] {
  const own = serversOf(instance);
  return own.flatMap((server): Finding[] => {
    const state = stateOf(server, all);
    if (!state || state.port === 0) return [];
    const others = all
      .filter(({ balancer }) => balancerKey(balancer) === balancerKey(server.balancer))
      .flatMap(({ servers }) => servers)
      // One in maintenance gets no requests.
      .filter((one) => one.admin !== 'maint' && !own.some((mine) => sameServer(mine, one.server)));
    const followers = others.filter((one) => one.tracks === serverPath(server) && !isSamePlace(one, state));
    const beside = others
      .filter((one) => isSamePlace(one, state))
      .map((one) => {
        const what = `${serverPath(one.server)} goes to ${one.address}:${one.port} as ${serverPath(server)} does`;
        const why = `its requests to ${instance.container} would fail, since it would not be drained`;
        const how =
          one.server.name === server.name
            ? 'name its backend in the playbook, too (balancer.backend may be a list), or set it to maint'
            : 'give it the same name and name its backend in the playbook, too, or set it to maint';
        return `${what}: ${why}: ${how}`;
      });
    return [...beside, ...followers.map((one) => followerText(one, server))].map((text) => {
      return { kind: 'problem', host: server.balancer.host, text };
    });
  });
}

function followerText({ server, address, port }: ServerState, followed: Server): string {
  const what = `${serverPath(server)} tracks ${serverPath(followed)} and would be in maintenance with it`;
  return `${what}, although it goes elsewhere (${address}:${port}): give it a check of its own, or set it to maint`;
}

function isSamePlace(one: ServerState, { address, port }: ServerState): boolean {
  return one.address === address && one.port === port;
}
