/** Stories in which all containers of a host are replaced together, and none runs beside one of another version. */
import { inCentral } from './central.ts';
import { furtherOf } from './further.ts';
import { operationsOf } from './operations.ts';
import { leisurely, type Pace } from './pace.ts';
import { Random } from './random.ts';
import { rolloutOf, type Scenario } from './scenario.ts';
import type { HostSetting } from './world/host.ts';

/** A story of another kind, with HAProxys on the hosts, or on hosts of their own. */
export function recreatedOf(seed: number, pace: Pace = leisurely): Scenario {
  const random = new Random(seed, 'recreated');
  const tell = random.pick([rolloutOf, operationsOf, operationsOf, furtherOf]);
  const told = together(tell(seed, pace));
  return random.chance(0.4) ? inCentral(told, random) : told;
}

/** The same story, with another way to replace. */
export function together(told: Scenario): Scenario {
  const hosts = told.world.hosts.map(sparingAll);
  return {
    ...told,
    play: { ...told.play, strategy: 'recreate-host' },
    world: { ...told.world, hosts, isTogether: true },
  };
}

/** Its floor is kept with all of its containers away, or the play would be refused. */
function sparingAll(host: HostSetting): HostSetting {
  const others = new Set(host.servers.map(({ name }) => name)).size - host.containers.length;
  return { ...host, floor: Math.min(host.floor, Math.max(0, others)) };
}
