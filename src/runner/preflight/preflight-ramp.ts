import { placeName, type Instance, type Server } from '../../rollout/model.ts';
import { problem, type Finding } from '../hosts/findings.ts';
import type { Fleet, Weights } from '../ports/ports.ts';

/** A weight can only come back in steps where HAProxy takes any, and heeds it. */
export async function rampProblems({ ramp, revert, container, servers }: Instance, fleet: Fleet): Promise<Finding[]> {
  if (!ramp || revert) return [];
  const findings = await Promise.all(
    servers.map(async (server): Promise<readonly Finding[]> => {
      const { host } = server.balancer;
      try {
        const weights = await (await fleet.host(host)).balancer(server.balancer).takesWeights(server.backend);
        const why = reasons[weights];
        if (why === undefined) return [];
        const text = `Cannot ramp the weight of ${container}: ${whereOf(server)} ${why}: leave ramp out`;
        return [{ kind: 'problem', host, text }];
      } catch (error) {
        return [problem(host, error)];
      }
    }),
  );
  return findings.flat();
}

const reasons: Readonly<Record<Weights, string | undefined>> = {
  any: undefined,
  fixed: 'has a static algorithm, which takes no weight but 0 and the configured one',
  unheeded: 'has "balance first", which does not heed weights',
  unknown: 'has an algorithm that may not take other weights, and HAProxy does not tell',
};

function whereOf({ backend, balancer }: Server): string {
  return `backend ${backend} of HAProxy (${placeName(balancer)})`;
}
