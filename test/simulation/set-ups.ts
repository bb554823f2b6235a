/** The same stories with an HAProxy that is set up in another way. */
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import type { HostSetting } from './world/host.ts';
import type { ServerLine } from './world/worker.ts';
import type { WorldSetting } from './world/world.ts';

/**
 * The algorithm of all backends is static: HAProxy takes no weight but 0 and the configured one. Neither a ramp nor slots go
 * with that, which a run refuses before anything is touched.
 */
export function fixed(told: Scenario): Scenario {
  const { hosts, ramp } = told.world;
  const hasSlots = hosts.some(({ containers }) => containers.some(({ otherPort }) => otherPort !== undefined));
  if (ramp || hasSlots) return told;
  return { ...told, world: { ...withHosts(told.world, (host) => ({ ...host, weights: {} })), isFixed: true } };
}

/** One server of each backend is a `backup`, which counts for no floor: one that nobody works on, or one of ours. */
export function backedUp(told: Scenario): Scenario {
  const random = new Random(told.world.seed, 'backup');
  const isOurs = random.chance(0.4);
  return { ...told, world: withHosts(told.world, (host) => withBackup(host, isOurs)) };
}

function withHosts(world: WorldSetting, change: (host: HostSetting) => HostSetting): WorldSetting {
  const { hosts, balancers, front } = world;
  return {
    ...world,
    hosts: hosts.map(change),
    ...(balancers && { balancers: balancers.map(change) }),
    ...(front && { front: front.map(change) }),
  };
}

function withBackup(host: HostSetting, isOurs: boolean): HostSetting {
  const backends = [...new Set(host.servers.map(({ backend }) => backend))];
  const servers = backends.flatMap((backend) => {
    const own = host.servers.filter((line) => line.backend === backend);
    const backup = own.findLast(({ name }) => isOurs || isOther(name));
    return own.map((line): ServerLine => (line === backup && own.length > 1 ? { ...line, isBackup: true } : line));
  });
  const active = backends.map((backend) => servers.filter((line) => line.backend === backend && !line.isBackup).length);
  // While one is away, as before.
  return { ...host, servers, floor: Math.max(0, Math.min(host.floor, ...active.map((count) => count - 1))) };
}

function isOther(name: string): boolean {
  return name === 'other' || name.endsWith(':other');
}
