import { Failure } from '../../errors.ts';
import { placeName } from '../../rollout/model.ts';
import type { Clock, Fleet, HostAccess, LoadBalancer } from '../ports/ports.ts';
import { LATE_WITHIN_MS } from '../waiting/persist.ts';

/**
 * A fleet in which an Engine or an HAProxy that was given up on (`late`) is asked for nothing more until it answers, and
 * then for what may land late: what had hung takes up what it was asked before beside what it is asked next, so that a
 * weight that is put back at once could be met by the 0 from before.
 */
export function outlastingHangs(fleet: Fleet, clock: Clock): Fleet {
  const hosts = new WeakMap<HostAccess, HostAccess>();
  return {
    host: async (name) => {
      const access = await fleet.host(name);
      const known = hosts.get(access) ?? hostOutlasting(access, clock);
      hosts.set(access, known);
      return known;
    },
    close: () => fleet.close(),
  };
}

function hostOutlasting(access: HostAccess, clock: Clock): HostAccess {
  const containers = outlasting(access.containers, { probe: () => access.containers.version(), clock });
  const balancers = new Map<string, LoadBalancer>();
  const balancer: HostAccess['balancer'] = (place) => {
    const one = access.balancer(place);
    const known = balancers.get(placeName(place)) ?? outlasting(one, { probe: () => one.facts(), clock });
    balancers.set(placeName(place), known);
    return known;
  };
  return new Proxy(access, {
    get(target, key): unknown {
      if (key === 'containers') return containers;
      return key === 'balancer' ? balancer : memberOf(target, key);
    },
  });
}

interface Outlasting {
  readonly probe: () => Promise<unknown>;
  readonly clock: Clock;
}

/** A service, all of whose methods ask it for something. */
function outlasting<T extends object>(service: T, { probe, clock }: Outlasting): T {
  let isUnsure = false;
  let settling: Promise<void> | undefined;
  const settle = async (): Promise<void> => {
    await probe();
    await clock.sleep(LATE_WITHIN_MS, new AbortController().signal);
    isUnsure = false;
  };
  const settled = (): Promise<void> => {
    settling ??= settle().finally(() => {
      settling = undefined;
    });
    return settling;
  };
  const asking =
    (ask: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]): Promise<unknown> => {
      if (isUnsure) await settled();
      try {
        return await ask(...args);
      } catch (error) {
        if (error instanceof Failure && error.code === 'late') isUnsure = true;
        throw error;
      }
    };
  return new Proxy(service, {
    get(target, key): unknown {
      const member = memberOf(target, key);
      return typeof member === 'function' ? asking(member as (...args: unknown[]) => Promise<unknown>) : member;
    },
  });
}

/** As it is of the whole, private fields included. */
function memberOf(target: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(target, key);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}
