/** Ways of breaking something on purpose: what the real code is given, changed where it hurts. */
import type { Containers, HostAccess, HostRecord, LoadBalancer } from '../../src/runner/ports/ports.ts';
import { changed } from '../support/changed.ts';
import type { Breakage } from './playing.ts';
import type { Controller } from './world/controller.ts';

export const never = new AbortController().signal;

/** Other hosts than they are, for whoever is given them. */
export function hosts(change: (host: HostAccess, controller: Controller) => Partial<HostAccess>): Breakage {
  return {
    fleet: (fleet, controller) =>
      changed(fleet, {
        host: async (name) => {
          const host = await fleet.host(name);
          return changed(host, change(host, controller));
        },
      }),
  };
}

export function balancers(
  change: (balancer: LoadBalancer, host: HostAccess, controller: Controller) => Partial<LoadBalancer>,
): Breakage {
  return hosts((host, controller) => ({
    balancer: (place) => {
      const balancer = host.balancer(place);
      return changed(balancer, change(balancer, host, controller));
    },
  }));
}

export function containers(change: (containers: Containers) => Partial<Containers>): Breakage {
  return hosts((host) => ({ containers: changed(host.containers, change(host.containers)) }));
}

export function records(change: (record: HostRecord, controller: Controller) => Partial<HostRecord>): Breakage {
  return hosts((host, controller) => ({ record: changed(host.record, change(host.record, controller)) }));
}
