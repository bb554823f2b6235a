import { isOf } from '../../rollout/capacity.ts';
import { count } from '../../rollout/count.ts';
import { placeName, serverPath, serversOf, type Balancer, type Instance, type Server } from '../../rollout/model.ts';
import type { BackendState, ServerState } from '../../rollout/observed.ts';
import { stateOf } from '../../rollout/plan.ts';
import type { Finding } from '../hosts/findings.ts';
import type { BalancerFacts } from '../ports/ports.ts';

/** Algorithms with a fixed map: they accept weight 0 and the configured weight only (configuration manual, "balance"). */
const STATIC_ALGORITHMS = ['static-rr', 'source', 'map-based', 'uri', 'url_param', 'hdr', 'rdp-cookie'];

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
  return [
    ...all(instance.servers, leaving && instance),
    ...all(leaving?.servers ?? []),
    ...swapRefusals(instance, backends),
  ];
}

/** `free`: the instance that it is the free slot's server of. */
export function remarksOn(server: Server, backends: readonly BackendState[], free?: Instance): Finding[] {
  const backend = backends.find((candidate) => isOf(candidate, server));
  const state = stateOf(server, backends);
  if (!backend || !state) return [missing(server, backend)];
  return [...refusals(state, backend), ...(free ? freeSlotRefusals(state, free) : warnings(state, backend))];
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

/** Where weights are fixed, those of two slots can only be exchanged when both are configured alike. */
function swapRefusals({ servers, leaving }: Instance, backends: readonly BackendState[]): Finding[] {
  return servers.flatMap((server, index): Finding[] => {
    const backend = backends.find((candidate) => isOf(candidate, server));
    const [free, left] = [server, leaving?.servers[index]].map((one) => one && stateOf(one, backends));
    if (!free || !left || !backend || !isStatic(backend) || free.initialWeight === left.initialWeight) return [];
    const paths = `${serverPath(server)} is configured with weight ${free.initialWeight} and ${left.server.name} with ${left.initialWeight}`;
    const text = `${paths}, and balance ${backend.algorithm} cannot exchange them: give both slots the same weight`;
    return [{ kind: 'problem', host: server.balancer.host, text }];
  });
}

function missing({ balancer, backend, name }: Server, found: BackendState | undefined): Finding {
  const known = found?.servers.map((state) => state.server.name).join(', ');
  const text =
    known === undefined
      ? `HAProxy (${placeName(balancer)}) has no backend ${backend} with servers`
      : `HAProxy's backend ${backend} has no server ${name}; it has ${known}`;
  return { kind: 'problem', host: balancer.host, text };
}

function refusals(state: ServerState, backend: BackendState): Finding[] {
  const path = serverPath(state.server);
  const texts = [
    state.tracks !== undefined && `${path} tracks ${state.tracks}, whose state it follows: not supported yet`,
    isStatic(backend) &&
      ![0, state.initialWeight].includes(state.weight) &&
      `${path} has weight ${state.weight}, and balance ${backend.algorithm} can only go back to ${state.initialWeight}`,
  ];
  return texts
    .filter((text) => text !== false)
    .map((text) => ({ kind: 'problem', host: state.server.balancer.host, text }));
}

function isStatic({ algorithm }: BackendState): boolean {
  return STATIC_ALGORITHMS.some((name) => algorithm === name || algorithm.startsWith(`${name}(`));
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
