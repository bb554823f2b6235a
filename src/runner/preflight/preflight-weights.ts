import { isOf } from '../../rollout/capacity.ts';
import { serverPath, serversOf, type Instance, type Server } from '../../rollout/model.ts';
import type { BackendState } from '../../rollout/observed.ts';
import { stateOf } from '../../rollout/plan.ts';
import { weightsByName } from '../../rollout/weights.ts';
import { problem, type Finding } from '../hosts/findings.ts';
import type { Fleet, Weights } from '../ports/ports.ts';

interface Seen {
  readonly backends: readonly BackendState[];
  readonly fleet: Fleet;
}

/** A weight that is to be set and is not the configured one: what is wrong where the algorithm may not take it. */
interface Doubt {
  readonly server: Server;
  readonly backend: BackendState;
  readonly texts: Readonly<Partial<Record<Weights, string>>>;
}

/** Weights that the servers of an instance could not have again, or not exchange. */
export async function weightProblems(instance: Instance, { backends, fleet }: Seen): Promise<Finding[]> {
  const { servers, leaving, slots } = instance;
  const own = slots ? serversOf(instance) : [...servers, ...(leaving?.servers ?? [])];
  const exchanged = slots ? [] : exchanges(instance, backends);
  return problemsOf([...own.flatMap((server) => comingBack(server, backends)), ...exchanged], fleet);
}

/** Of servers that are to have again what they stand at. */
export async function returnProblems(servers: readonly Server[], { backends, fleet }: Seen): Promise<Finding[]> {
  const doubts = servers.flatMap((server) => comingBack(server, backends));
  return problemsOf(doubts, fleet);
}

function comingBack(server: Server, backends: readonly BackendState[]): Doubt[] {
  const backend = backends.find((candidate) => isOf(candidate, server));
  const state = stateOf(server, backends);
  if (!backend || !state || [0, state.initialWeight].includes(state.weight)) return [];
  const { weight, initialWeight } = state;
  const [has, balance] = [`${serverPath(server)} has weight ${weight}`, `balance ${backend.algorithm}`];
  const texts = {
    fixed: `${has}, and ${balance} can only go back to ${initialWeight}`,
    unknown: `${has}, which ${balance} may not take again, and HAProxy does not tell: set it to ${initialWeight} first`,
  };
  return [{ server, backend, texts }];
}

/** Where weights are fixed, those of two slots can only be exchanged when both are configured alike. */
function exchanges({ servers, leaving }: Instance, backends: readonly BackendState[]): Doubt[] {
  return servers.flatMap((server, index): Doubt[] => {
    const backend = backends.find((candidate) => isOf(candidate, server));
    const [free, left] = [server, leaving?.servers[index]].map((one) => one && stateOf(one, backends));
    if (!free || !left || !backend || free.initialWeight === left.initialWeight) return [];
    const paths = `${serverPath(server)} is configured with weight ${free.initialWeight} and ${left.server.name} with ${left.initialWeight}`;
    const [balance, how] = [`balance ${backend.algorithm}`, 'give both slots the same weight'];
    const texts = {
      fixed: `${paths}, and ${balance} cannot exchange them: ${how}`,
      unknown: `${paths}, and ${balance} may not exchange them, of which HAProxy does not tell: ${how}`,
    };
    return [{ server, backend, texts }];
  });
}

async function problemsOf(doubts: readonly Doubt[], fleet: Fleet): Promise<Finding[]> {
  // A socket that does not name it is refused for its level.
  const named = doubts.filter(({ backend: { algorithm } }) => algorithm !== '');
  const findings = await Promise.all(
    named.map(async ({ server: { balancer }, backend, texts }): Promise<readonly Finding[]> => {
      const { host } = balancer;
      try {
        const ask = async (): Promise<Weights> =>
          (await fleet.host(host)).balancer(balancer).takesWeights(backend.name);
        const text = texts[weightsByName(backend.algorithm) ?? (await ask())];
        return text === undefined ? [] : [{ kind: 'problem', host, text }];
      } catch (error) {
        return [problem(host, error)];
      }
    }),
  );
  return findings.flat();
}
