import type { HostJobs } from '../ports/jobs.ts';
import type { Containers, HostAccess, HostArchive, HostRecord, LoadBalancer, Sure } from '../ports/ports.ts';

/** `changes late`: looks first, and asks again before it changes something, for which it is given `sure`. */
type Kind = 'looks' | 'changes' | 'changes late';

/** What each method of a port does. A new one does not compile until it is said here. */
type Kinds<Port> = { readonly [Method in keyof Port]: Kind };

const containers = guarding<Containers>({
  ...{ version: 'looks', list: 'looks', inspect: 'looks', image: 'looks', remoteImage: 'looks', changes: 'looks' },
  ...{ logs: 'looks', exec: 'looks', snapshot: 'looks', isAsIn: 'looks', lostOf: 'looks', holdsAlone: 'looks' },
  ...{
    pull: 'changes',
    load: 'changes',
    create: 'changes late',
    start: 'changes',
    stop: 'changes late',
    rename: 'changes',
    remove: 'changes',
  },
  ...{ setRestart: 'changes', createFrom: 'changes late', run: 'changes', prospects: 'looks' },
});

const balancer = guarding<LoadBalancer>({
  ...{
    facts: 'looks',
    backends: 'looks',
    look: 'looks',
    isHeld: 'looks',
    counters: 'looks',
    sessions: 'looks',
    oldWorkers: 'looks',
  },
  takesWeights: 'looks',
  processRuns: 'looks',
  ...{ setWeight: 'changes late', setAdmin: 'changes', setReadyWhenProven: 'changes late' },
  ...{ shutdownSessions: 'changes', setAgent: 'changes' },
});

const record = guarding<HostRecord>({ read: 'looks', write: 'changes' });

const jobs = guarding<HostJobs>({ start: 'changes', end: 'changes', look: 'looks' });

const archive = guarding<HostArchive>({ save: 'changes', noteMade: 'changes', load: 'looks', runs: 'looks' });

/**
 * The host, changed only while it is ours: before every change, `sure` makes certain of that, or fails. A controller
 * that was frozen, or cut off, finds out here that somebody else has the host now.
 */
export function fenced(access: HostAccess, sure: Sure): HostAccess {
  return {
    name: access.name,
    lock: access.lock,
    containers: containers(access.containers, sure),
    record: record(access.record, sure),
    jobs: jobs(access.jobs, sure),
    archive: archive(access.archive, sure),
    balancer: (place) => balancer(access.balancer(place), sure),
    probe: (probe, withinMs) => access.probe(probe, withinMs),
    system: () => access.system(),
    pushes: () => access.pushes(),
    addresses: () => access.addresses(),
    firstSocket: (paths, container) => access.firstSocket(paths, container),
    ask: (question) => access.ask(question),
    run: async (request) => {
      await sure();
      return access.run(request);
    },
  };
}

/** A port behind a guard, which is made once for all that are reached for: whoever polls reaches for many. */
type Guard<Port> = (port: Port, sure: Sure) => Port;

interface Guarded {
  readonly port: object;
  readonly sure: Sure;
}

function guarding<Port extends object>(kinds: Kinds<Port>): Guard<Port> {
  const methods = Object.entries<Kind>(kinds).map(([name, kind]) => [
    name,
    kind === 'looks' ? looking(name) : changing(name, kind),
  ]);
  // `kinds` has every method of the port, and nothing else.
  const all = Object.fromEntries(methods) as object;
  return (port, sure) => Object.assign(Object.create(all) as Port, { port, sure } satisfies Guarded);
}

function looking(name: string) {
  return function (this: Guarded, ...args: unknown[]): unknown {
    return ask(this.port, name, args);
  };
}

function changing(name: string, kind: Exclude<Kind, 'looks'>) {
  return async function (this: Guarded, ...args: unknown[]): Promise<unknown> {
    await this.sure();
    return ask(this.port, name, kind === 'changes late' ? [...args, this.sure] : args);
  };
}

function ask(port: object, name: string, args: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(port, name);
  if (typeof method !== 'function') throw new Error(`${name} is not a method`);
  return Reflect.apply(method, port, args);
}
