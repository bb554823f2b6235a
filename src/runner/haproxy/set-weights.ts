/** `sluice haproxy weights`: sets weights by hand, under the locks of the hosts. */
import pLimit from 'p-limit';
import { Failure } from '../../errors.ts';
import { serverPath } from '../../rollout/model.ts';
import type { ServerState } from '../../rollout/observed.ts';
import { byHand } from './by-hand.ts';
import { whileHeld } from './held-for-runtime.ts';
import type { LoadBalancer } from '../ports/ports.ts';
import type { RunContext } from '../run.ts';
import { isPassing } from '../waiting/poll.ts';
import { placeOn, type NamedPlace } from '../preflight/sockets.ts';

export interface WeightsRequest {
  readonly hosts: readonly string[];
  readonly place: NamedPlace;
  readonly weights: readonly { readonly path: string; readonly weight: number }[];
  /** Told of each weight once it is set and read back. */
  readonly onSet: (set: WeightSet) => void;
}

export interface WeightSet {
  readonly host: string;
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

interface Planned {
  readonly host: string;
  readonly balancer: LoadBalancer;
  readonly state: ServerState;
  readonly weight: number;
}

/** A refusal is an answer; whoever was not heard may have set it. */
async function setOne({ host, balancer, state, weight }: Planned, context: RunContext): Promise<void> {
  const text = `set weight ${serverPath(state.server)} ${weight}`;
  try {
    await byHand({ host, text }, context, async () => {
      await balancer.setWeight(state.server, weight);
      return `weight ${state.weight} → ${weight}`;
    });
  } catch (error) {
    if (!(error instanceof Failure) || !isPassing(error)) throw error;
    const why = `Whether ${serverPath(state.server)} on ${host} has weight ${weight} is not known: ${error.message}`;
    throw new Failure('some-failed', why, { cause: error });
  }
}

/**
 * All servers are looked for on all hosts before the first is changed.
 *
 * @throws Failure `locked`, `config` when a server is not there, `haproxy` when HAProxy refuses a weight, `some-failed`
 * when it is not known whether it was set
 */
export async function setWeights(request: WeightsRequest, context: RunContext): Promise<void> {
  const limit = pLimit(context.forks);
  const isMeant = ({ server }: { readonly server: ServerState['server'] }): boolean =>
    request.weights.some(({ path }) => path === serverPath(server));
  return whileHeld(request.hosts, { context, limit, isMeant }, async (held) => {
    const all = await Promise.all(
      held.all
        .filter(({ access }) => request.hosts.includes(access.name))
        .map(({ access }) =>
          limit(async () => {
            const balancer = access.balancer(await placeOn(access, request.place));
            const servers = (await balancer.backends()).flatMap((backend) => backend.servers);
            return request.weights.map(({ path, weight }): Planned => {
              const state = servers.find(({ server }) => serverPath(server) === path);
              if (state) return { host: access.name, balancer, state, weight };
              throw new Failure(
                'config',
                `Cannot set the weight of ${path}: HAProxy on ${access.name} has no such server`,
              );
            });
          }),
        ),
    );
    for (const { host, balancer, state, weight } of all.flat()) {
      await setOne({ host, balancer, state, weight }, context);
      request.onSet({ host, path: serverPath(state.server), from: state.weight, to: weight });
    }
  });
}
