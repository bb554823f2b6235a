/** Servers that a playbook leaves to be found (`server: discover`), found where a run begins. */
import { Failure } from '../../errors.ts';
import { discovered, hostDiscovered, isToBeFound, type Whereabouts } from '../../rollout/discover.ts';
import { serversOf, type Instance, type Server } from '../../rollout/model.ts';
import { serversBefore, type HostPlay } from '../../rollout/play.ts';
import type { PublishedAt } from '../../rollout/observed.ts';
import type { Finding } from '../hosts/findings.ts';
import type { Fleet, HostAccess } from '../ports/ports.ts';
import { isPassing } from '../waiting/poll.ts';
import type { Balancers } from './inspect-balancers.ts';

/** The instance with the names that were found; at an HAProxy that does not answer they stay to be found. */
export async function withFoundNames(
  instance: Instance,
  host: HostAccess,
  { backends, knows }: Pick<Balancers, 'backends' | 'knows'>,
): Promise<{ readonly instance: Instance; readonly findings: readonly Finding[] }> {
  if (!serversOf(instance).some((server) => isToBeFound(server) && knows(server))) return { instance, findings: [] };
  const where = await whereaboutsOf(instance, host);
  const { instance: found, problems } = discovered(instance, backends, { ...where, isLookedAt: knows });
  return { instance: found, findings: problems.map((text) => ({ kind: 'problem', host: host.name, text })) };
}

async function whereaboutsOf({ container }: Pick<Instance, 'container'>, host: HostAccess): Promise<Whereabouts> {
  const [addresses, there] = await Promise.all([host.addresses(), host.containers.inspect(container)]);
  return { addresses, published: there?.published ?? [] };
}

/** How servers are named that were to be found at HAProxys which are looked at later than the others. */
export interface Naming {
  /** The host of a play with the names that were found. */
  readonly named: (play: HostPlay) => HostPlay;
  /** Why others were not, in sentences. */
  readonly problems: readonly string[];
}

interface LookedAt extends Pick<Balancers, 'backends'> {
  /** Whether its HAProxy is one of those. */
  readonly isLookedAt: (server: Server) => boolean;
}

export async function namingAt(plays: readonly HostPlay[], seen: LookedAt, fleet: Fleet): Promise<Naming> {
  const isWanted = (server: Server): boolean => isToBeFound(server) && seen.isLookedAt(server);
  const nameless = plays.filter((play) => serversBefore(play).some(isWanted));
  const hosts = [...new Set(nameless.map(({ host }) => host))];
  const wheres = new Map(
    await Promise.all(hosts.map(async (host) => [host, await whereaboutsIfThere(host, nameless, fleet)] as const)),
  );
  const look = (play: HostPlay): NamedPlay => {
    const where = wheres.get(play.host);
    return where ? playNamed(play, where, seen) : { play, problems: [] };
  };
  return { named: (play) => look(play).play, problems: plays.flatMap((play) => look(play).problems) };
}

interface HostWhereabouts {
  readonly addresses: readonly string[];
  /** By container. */
  readonly ports: ReadonlyMap<string, readonly PublishedAt[]>;
}

/** One that cannot be asked for a moment has nobody else wait: its servers stay to be found. */
async function whereaboutsIfThere(
  name: string,
  plays: readonly HostPlay[],
  fleet: Fleet,
): Promise<HostWhereabouts | undefined> {
  try {
    return await whereaboutsOn(name, plays, fleet);
  } catch (error) {
    if (error instanceof Failure && isPassing(error)) return undefined;
    throw error;
  }
}

async function whereaboutsOn(name: string, plays: readonly HostPlay[], fleet: Fleet): Promise<HostWhereabouts> {
  const host = await fleet.host(name);
  const its = plays.filter((play) => play.host === name).flatMap(({ instances }) => instances);
  const there = await Promise.all(
    its.map(async (instance) => [instance, await whereaboutsOf(instance, host)] as const),
  );
  const ports = new Map(there.map(([{ container }, { published }]) => [container, published]));
  return { addresses: await host.addresses(), ports };
}

interface NamedPlay {
  readonly play: HostPlay;
  readonly problems: readonly string[];
}

function playNamed(
  play: HostPlay,
  { addresses, ports }: HostWhereabouts,
  { backends, isLookedAt }: LookedAt,
): NamedPlay {
  const found = play.instances.map((instance) => {
    const published = ports.get(instance.container) ?? [];
    return discovered(instance, backends, { addresses, published, isLookedAt });
  });
  const tier = play.front && hostDiscovered(play.front, backends, { host: play.host, addresses, isLookedAt });
  return {
    play: { ...play, instances: found.map(({ instance }) => instance), ...(tier && { front: tier.front }) },
    problems: [...found, ...(tier ? [tier] : [])].flatMap(({ problems }) => problems),
  };
}
