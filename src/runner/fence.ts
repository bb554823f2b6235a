import type { Containers, HostAccess, HostArchive, HostRecord, LoadBalancer } from './ports.ts';

/** What each method of a port does. A new one does not compile until it is said here. */
type Kinds<Port> = { readonly [Method in keyof Port]: 'looks' | 'changes' };

const containers: Kinds<Containers> = {
  ...{ version: 'looks', list: 'looks', inspect: 'looks', image: 'looks', remoteImage: 'looks', changes: 'looks' },
  ...{ logs: 'looks', exec: 'looks', snapshot: 'looks', isAsIn: 'looks', lostOf: 'looks', holdsAlone: 'looks' },
  ...{
    pull: 'changes',
    load: 'changes',
    create: 'changes',
    start: 'changes',
    stop: 'changes',
    rename: 'changes',
    remove: 'changes',
  },
  ...{ setRestart: 'changes', createFrom: 'changes', prospects: 'looks' },
};

const balancer: Kinds<LoadBalancer> = {
  ...{ facts: 'looks', backends: 'looks', look: 'looks', counters: 'looks', sessions: 'looks', oldWorkers: 'looks' },
  processRuns: 'looks',
  ...{ setWeight: 'changes', setAdmin: 'changes', setReadyWhenProven: 'changes', shutdownSessions: 'changes' },
  setAgent: 'changes',
};

const record: Kinds<HostRecord> = { read: 'looks', write: 'changes' };

const archive: Kinds<HostArchive> = { save: 'changes', noteMade: 'changes', load: 'looks', runs: 'looks' };

/**
 * The host, changed only while it is ours: before every change, `sure` makes certain of that, or fails. A controller
 * that was frozen, or cut off, finds out here that somebody else has the host now.
 */
export function fenced(access: HostAccess, sure: () => Promise<void>): HostAccess {
  return {
    name: access.name,
    lock: access.lock,
    containers: guarded(access.containers, containers, sure),
    record: guarded(access.record, record, sure),
    archive: guarded(access.archive, archive, sure),
    balancer: (place) => guarded(access.balancer(place), balancer, sure),
    probe: (probe, withinMs) => access.probe(probe, withinMs),
    addresses: () => access.addresses(),
    firstSocket: (paths, container) => access.firstSocket(paths, container),
  };
}

function guarded<Port extends object>(port: Port, kinds: Kinds<Port>, sure: () => Promise<void>): Port {
  const methods = Object.entries(kinds).map(([name, kind]) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      if (kind === 'changes') await sure();
      const method: unknown = Reflect.get(port, name);
      if (typeof method !== 'function') throw new Error(`${name} is not a method`);
      return Reflect.apply(method, port, args);
    },
  ]);
  // `kinds` has every method of the port, and nothing else.
  return Object.fromEntries(methods) as Port;
}
