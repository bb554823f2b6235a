import type { LimitFunction } from 'p-limit';
import { Failure } from '../../errors.ts';
import {
  balancerKey,
  placeName,
  sameServer,
  serversOf,
  type Balancer,
  type Instance,
  type Server,
} from '../../rollout/model.ts';
import type { BackendState } from '../../rollout/observed.ts';
import { problem, type Finding } from '../hosts/findings.ts';
import type { BalancerFacts, Fleet, RecordEntry } from '../ports/ports.ts';
import { balancerProblems } from './preflight-balancer.ts';

/** What the balancers of a run's servers say of themselves. */
export interface Balancers {
  /** Those of the servers. */
  readonly backends: readonly BackendState[];
  /** All that these balancers have. */
  readonly all: readonly BackendState[];
  readonly findings: readonly Finding[];
  /** Whether the balancer of this server has answered. */
  readonly knows: (server: Server) => boolean;
  /** Those of these instances, for people: version and place, and the host where it is another. */
  readonly namesFor: (host: string, instances: readonly Instance[]) => readonly string[];
}

interface Looking {
  readonly fleet: Fleet;
  readonly limit: LimitFunction;
  /** Asked of the host of each balancer that cannot be had: whether the run goes on without it. */
  readonly goWithoutBalancer?: (host: string, failure: Failure) => boolean;
  /** What the run itself has taken out of service. */
  readonly own: readonly RecordEntry[];
}

interface Look {
  readonly facts: BalancerFacts | undefined;
  readonly all: readonly BackendState[];
  readonly backends: readonly BackendState[];
  readonly findings: readonly Finding[];
}

/** Looks once at each balancer of these servers, whichever host it is on, and at the backends they are in. */
export async function inspectBalancers(servers: readonly Server[], { own, ...context }: Looking): Promise<Balancers> {
  const used = new Map(servers.map(({ balancer }) => [balancerKey(balancer), balancer]));
  const looks = new Map(
    await Promise.all(
      [...used].map(async ([key, balancer]) => {
        const backends = servers.filter((server) => balancerKey(server.balancer) === key).map(({ backend }) => backend);
        return [key, await context.limit(() => lookAt(balancer, new Set(backends), context))] as const;
      }),
    ),
  );
  const all = [...looks.values()];
  const factsOf = (balancer: Balancer): BalancerFacts | undefined => looks.get(balancerKey(balancer))?.facts;
  return {
    backends: all.flatMap(({ backends }) => backends).map((backend) => asBefore(backend, own)),
    all: all.flatMap((one) => one.all),
    findings: all.flatMap(({ findings }) => findings),
    knows: ({ balancer }) => factsOf(balancer) !== undefined,
    namesFor: (host, instances) => {
      const its = instances.flatMap((instance) => serversOf(instance).map(({ balancer }) => balancer));
      const names = its.flatMap((balancer) => {
        const facts = factsOf(balancer);
        const where = balancer.host === host ? placeName(balancer) : `${balancer.host} ${placeName(balancer)}`;
        return facts ? [`${facts.version} (${where})`] : [];
      });
      return [...new Set(names)];
    },
  };
}

async function lookAt(
  at: Balancer,
  wanted: ReadonlySet<string>,
  { fleet, goWithoutBalancer }: Omit<Looking, 'own'>,
): Promise<Look> {
  try {
    const balancer = (await fleet.host(at.host)).balancer(at);
    const facts = await balancer.facts();
    const all = await balancer.backends();
    const backends = all.filter(({ name }) => wanted.has(name));
    return { facts, all, backends, findings: balancerProblems(at, facts) };
  } catch (error) {
    const isLost = error instanceof Failure && goWithoutBalancer?.(at.host, error) === true;
    return { facts: undefined, all: [], backends: [], findings: isLost ? [] : [problem(at.host, error)] };
  }
}

/** What this run has taken out of service itself will be back before it takes the next: it counts as it was found. */
function asBefore(backend: BackendState, own: readonly RecordEntry[]): BackendState {
  const servers = backend.servers.map((state) => {
    const entry = own.find(({ server }) => sameServer(server, state.server));
    return entry ? { ...state, ...entry.standing, isUp: entry.wasUp } : state;
  });
  return { ...backend, servers };
}
