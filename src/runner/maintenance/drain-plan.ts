import { isUsable } from '../../rollout/capacity.ts';
import { keptAdvice, keptText, type KeptSet } from '../../rollout/kept.ts';
import { sameServer, serverKey, serverPath, type AdminState, type Standing } from '../../rollout/model.ts';
import { isChosen, isNamed } from '../hosts/chosen.ts';
import { isSeenUp, type BackendState, type ServerState } from '../../rollout/observed.ts';
import type { DrainRequest } from './drain-hosts.ts';
import type { Finding } from '../hosts/findings.ts';
import type { HeldHost, HeldHosts } from '../hosts/held-hosts.ts';
import { frontsOf } from '../preflight/in-front.ts';
import { advice, explain } from '../instance/entry-words.ts';
import { followerProblems } from '../preflight/followers.ts';
import { keptThere } from '../preflight/in-the-way.ts';
import type { HostAccess, RecordEntry } from '../ports/ports.ts';
import { balancerProblems } from '../preflight/preflight-balancer.ts';
import { stateOf, type ServerAccess } from '../instance/traffic.ts';

/** One server to drain. */
export interface Target {
  readonly access: ServerAccess;
  /** The state it is in now. */
  readonly admin: AdminState;
  /** What is to be put back: of an earlier drain, if a reload has undone that one. */
  readonly standing: Standing;
  readonly wasUp: boolean;
  readonly agent: boolean;
  readonly recorded: RecordEntry | undefined;
}

/** What a drain will do on one host. */
export interface HostDrain {
  readonly name: string;
  readonly held: HeldHost;
  readonly targets: readonly Target[];
  /** What is recorded of those that are drained already. */
  readonly drained: readonly RecordEntry[];
  /** The backends of the balancers in front of it. */
  readonly backends: readonly BackendState[];
}

/** Looks at the host's servers and adds what is in the way to `findings`. */
export async function planDrain(
  name: string,
  request: DrainRequest,
  { held, findings }: { readonly held: HeldHosts; readonly findings: Finding[] },
): Promise<HostDrain> {
  const own = held.host(name);
  const fronts = await frontsOf(own.access, request, async (other) => held.host(other).access);
  for (const { balancer, facts } of fronts) findings.push(...balancerProblems(balancer, facts));
  const all = fronts.flatMap(({ servers }) => servers);
  const chosen = all.filter((state) => isChosen(state, request.servers));
  const entryOf = ({ server }: ServerState): RecordEntry | undefined =>
    own.undo.entries.find((one) => sameServer(one.server, server));

  findings.push(...strangers(request.servers, all, name));
  const recorded = chosen.flatMap((state) => entryOf(state) ?? []);
  findings.push(...obstacles(recorded, name), ...(await keptObstacles(recorded, own.access)));
  const open = chosen.filter((state) => !isDrained(state, entryOf(state)));
  const drained = chosen.filter((state) => !open.includes(state)).flatMap((state) => entryOf(state) ?? []);
  const targets = open.map((state) => targetOf(own.reach(state.server), { state, recorded: entryOf(state) }));
  const backends = fronts.flatMap((front) => front.backends);
  findings.push(...followerProblems(chosen, backends));
  return { name, held: own, targets, drained, backends };
}

/** What the clients of the balancers will see, in sentences. */
export function consequencesOf(drains: readonly HostDrain[]): readonly string[] {
  const drained = new Set(drains.flatMap(({ targets }) => targets.map(({ access }) => serverKey(access.server))));
  const isEmptied = ({ servers }: BackendState): boolean => {
    const usable = servers.filter(isUsable);
    return usable.length > 0 && usable.every(({ server }) => drained.has(serverKey(server)));
  };
  return [...new Set(drains.flatMap(({ backends }) => backends.filter(isEmptied).map(emptied)))];
}

interface Seen {
  readonly state: ServerState;
  readonly recorded: RecordEntry | undefined;
}

function targetOf(access: ServerAccess, { state, recorded }: Seen): Target {
  const { weight, admin, hasAgent } = state;
  const standing = recorded?.standing ?? { weight, admin };
  const agent = recorded?.agent ?? hasAgent;
  return { access, admin, recorded, standing, agent, wasUp: recorded?.wasUp ?? isSeenUp(state) };
}

/** Somebody may have set another weight while the question waited for its answer: that is what it gets back. */
export async function asItIsNow({ access, recorded }: Target): Promise<Target> {
  return targetOf(access, { state: await stateOf(access), recorded });
}

function strangers(names: readonly string[], all: readonly ServerState[], host: string): Finding[] {
  const known = all.map((state) => serverPath(state.server)).join(', ');
  return names
    .filter((name) => !all.some((state) => isNamed(state, name)))
    .map((name) => ({ kind: 'problem', host, text: `HAProxy has no server ${name}; it has ${known}` }));
}

function obstacles(entries: readonly RecordEntry[], host: string): Finding[] {
  const others = entries.filter(({ kind }) => kind !== 'drain' && kind !== 'kept');
  return others.map((entry) => ({
    kind: 'problem',
    host,
    text: `${explain(entry)}: ${advice(entry, { name: host })}`,
  }));
}

/** A set that is kept is told of once, whatever servers of its two slots are chosen. */
async function keptObstacles(entries: readonly RecordEntry[], access: HostAccess): Promise<Finding[]> {
  const { sets, now } = await keptThere(access, entries);
  const text = (set: KeptSet): string => `${keptText(set, now)}, and this would drain it: ${keptAdvice(access.name)}`;
  return sets.map((set) => ({ kind: 'problem', host: access.name, text: text(set) }));
}

/** Drained by us and still so: a reload brings a server back into service although the record says otherwise. */
function isDrained({ admin, weight }: ServerState, entry: RecordEntry | undefined): boolean {
  return entry !== undefined && admin === 'maint' && weight === 0;
}

function emptied({ name, balancer }: BackendState): string {
  return `backend ${name} on ${balancer.host} will have no usable server: its clients get 503`;
}
