/** The tier of HAProxys in front of a host, looked at before anything is touched. */
import { hostDiscovered, isToBeFound } from '../../rollout/discover.ts';
import type { FrontTier } from '../../rollout/model.ts';
import type { Finding } from '../hosts/findings.ts';
import type { Fleet, HostAccess } from '../ports/ports.ts';
import type { Balancers } from './inspect-balancers.ts';
import { remarksOn } from './preflight-balancer.ts';
import { returnProblems } from './preflight-weights.ts';

/** With the names of its servers, where they were to be found. */
export async function inspectFront(
  declared: FrontTier,
  at: Pick<HostAccess, 'name' | 'addresses'>,
  { backends, knows, fleet }: Pick<Balancers, 'backends' | 'knows'> & { readonly fleet: Fleet },
): Promise<{ readonly front: FrontTier; readonly findings: readonly Finding[] }> {
  const own = declared.servers.some((server) => isToBeFound(server) && knows(server)) ? await at.addresses() : [];
  const where = { host: at.name, addresses: own, isLookedAt: knows };
  const { front, problems } = hostDiscovered(declared, backends, where);
  const named = front.servers.filter((server) => !isToBeFound(server) && knows(server));
  const nameless = problems.map((text): Finding => ({ kind: 'problem', host: at.name, text }));
  const remarks = named.flatMap((server) => remarksOn(server, backends));
  return { front, findings: [...nameless, ...remarks, ...(await returnProblems(named, { backends, fleet }))] };
}
