/** Servers that track another: HAProxy takes them into maintenance with it, without draining them. */
import { balancerKey, sameServer, serverPath, type Server } from '../../rollout/model.ts';
import type { BackendState, ServerState } from '../../rollout/observed.ts';
import type { Finding } from '../hosts/findings.ts';

/** Those that get requests, and would not any more once `followed` is in maintenance. */
export function followersOf(followed: Server, all: readonly BackendState[]): readonly ServerState[] {
  return all
    .filter(({ balancer }) => balancerKey(balancer) === balancerKey(followed.balancer))
    .flatMap(({ servers }) => servers)
    .filter(({ admin, tracks }) => admin !== 'maint' && tracks === serverPath(followed));
}

export function followerText({ server, address, port }: ServerState, followed: Server): string {
  const what = `${serverPath(server)} (${address}:${port}) tracks ${serverPath(followed)} and would be in maintenance with it`;
  return `${what}, undrained: give it a check of its own, or set it to maint`;
}

/** What would go with servers that are to be drained by hand, although nobody has asked for it. */
export function followerProblems(taken: readonly ServerState[], all: readonly BackendState[]): readonly Finding[] {
  return taken.flatMap(({ server: followed }) =>
    followersOf(followed, all)
      .filter(({ server }) => !taken.some((one) => sameServer(one.server, server)))
      .map((state): Finding => {
        const text = `${followerText(state, followed)}, or drain it, too`;
        return { kind: 'problem', host: followed.balancer.host, text };
      }),
  );
}
