import { isOf } from '../../rollout/capacity.ts';
import { count } from '../../rollout/count.ts';
import { placeName, serverPath, serversOf, type Balancer, type Instance, type Server } from '../../rollout/model.ts';
import type { BackendState, ServerState } from '../../rollout/observed.ts';
import { stateOf } from '../../rollout/plan.ts';
import type { Finding } from '../hosts/findings.ts';
import type { BalancerFacts } from '../ports/ports.ts';

export function balancerProblems(balancer: Balancer, { level }: BalancerFacts): Finding[] {
  if (level === 'admin') return [];
  const text = `HAProxy's socket ${placeName(balancer)} is at level ${level}: weights can only be set at "level admin" of its stats socket`;
  return [{ kind: 'problem', host: balancer.host, text }];
}

/** Why the servers of an instance cannot be worked with, or what to know of them. */
export function serverRemarks(instance: Instance, backends: readonly BackendState[]): Finding[] {
  const { leaving, slots } = instance;
  const all = (servers: readonly Server[], free?: Instance): Finding[] =>
    servers.flatMap((server) => remarksOn(server, backends, free));
  if (slots) return all(serversOf(instance)).filter(({ kind }) => kind === 'problem');
  return [...all(instance.servers, leaving && instance), ...all(leaving?.servers ?? [])];
}

/** `free`: the instance that it is the free slot's server of. */
export function remarksOn(server: Server, backends: readonly BackendState[], free?: Instance): Finding[] {
  const backend = backends.find((candidate) => isOf(candidate, server));
  const state = stateOf(server, backends);
  if (!backend || !state) return [missing(server, backend)];
  return [...refusals(state), ...(free ? freeSlotRefusals(state, free) : warnings(state, backend))];
}

/** Of the server that a new container is to begin behind while the old one serves behind another. */
function freeSlotRefusals(state: ServerState, { container, slot = '' }: Instance): Finding[] {
  const path = serverPath(state.server);
  const where = `which ${container} is to begin in (slot ${slot})`;
  const texts = [
    !state.hasCheck && `${path}, ${where}, has no check: HAProxy would send requests there before anything runs`,
    state.hasCheck && state.isUp && `${path}, ${where}, is UP: something else answers there already`,
    state.admin !== 'ready' && `${path}, ${where}, is in ${state.admin}: somebody keeps it out of service`,
  ];
  return texts
    .filter((text) => text !== false)
    .map((text) => ({ kind: 'problem', host: state.server.balancer.host, text }));
}

function missing({ balancer, backend, name }: Server, found: BackendState | undefined): Finding {
  const known = found?.servers.map((state) => state.server.name).join(', ');
  const text =
    known === undefined
      ? `HAProxy (${placeName(balancer)}) has no backend ${backend} with servers`
      : `HAProxy's backend ${backend} has no server ${name}; it has ${known}`;
  return { kind: 'problem', host: balancer.host, text };
}

function refusals({ server, tracks }: ServerState): Finding[] {
  if (tracks === undefined) return [];
  const text = `${serverPath(server)} tracks ${tracks}: its state is that one's, and says nothing of the container: give it a check of its own`;
  return [{ kind: 'problem', host: server.balancer.host, text }];
}

function warnings(state: ServerState, backend: BackendState): Finding[] {
  const path = serverPath(state.server);
  const texts = [
    state.admin !== 'ready' && `${path} is in ${state.admin} already and will stay so`,
    state.admin === 'ready' && state.weight === 0 && `${path} is at weight 0 already and will stay so`,
    state.admin === 'ready' && !state.isUp && `${path} is ${state.status} now${lastCheckOf(state)}`,
    !state.hasCheck && `${path} has no check: HAProxy will not notice when it fails`,
    backend.queued > 0 && `${backend.name} has ${count(backend.queued, 'request')} queued: it has no capacity to spare`,
  ];
  return texts
    .filter((text) => text !== false)
    .map((text) => ({ kind: 'warning', host: state.server.balancer.host, text }));
}

/** A server that only its agent has set DOWN has none. */
function lastCheckOf({ lastCheck }: ServerState): string {
  return lastCheck === '' ? '' : ` (last check ${lastCheck})`;
}

/** HAProxy would send requests to where nothing is any more. */
export function unchecked({ servers, revert }: Instance, backends: readonly BackendState[]): Finding[] {
  if (!revert?.toNothing) return [];
  return servers.flatMap((server): Finding[] => {
    const state = stateOf(server, backends);
    if (!state || state.hasCheck || state.admin === 'maint') return [];
    const text = `${serverPath(server)} has no check, so HAProxy would not notice that its container is gone: set it to maint first`;
    return [{ kind: 'problem', host: server.balancer.host, text }];
  });
}
