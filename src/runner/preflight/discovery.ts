/** Servers that a playbook leaves to be found (`server: discover`), found where a run begins. */
import { discovered, isToBeFound } from '../../rollout/discover.ts';
import { serversOf, type Instance } from '../../rollout/model.ts';
import type { Finding } from '../hosts/findings.ts';
import type { HostAccess } from '../ports/ports.ts';
import type { Balancers } from './inspect-balancers.ts';

/** The instance with the names that were found; it stays as it is while one of its HAProxys does not answer. */
export async function withFoundNames(
  instance: Instance,
  host: HostAccess,
  { backends, knows }: Pick<Balancers, 'backends' | 'knows'>,
): Promise<{ readonly instance: Instance; readonly findings: readonly Finding[] }> {
  const nameless = serversOf(instance).filter(isToBeFound);
  if (nameless.length === 0 || !nameless.every(knows)) return { instance, findings: [] };
  const [own, container] = await Promise.all([host.addresses(), host.containers.inspect(instance.container)]);
  const where = { addresses: own, publishedPorts: container?.publishedPorts ?? [] };
  const { instance: found, problems } = discovered(instance, backends, where);
  return { instance: found, findings: problems.map((text) => ({ kind: 'problem', host: host.name, text })) };
}
