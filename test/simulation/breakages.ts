/** Deliberate breakages: what must be caught, or the simulation proves nothing. breakages.test.ts says by which invariant. */
import type { AdminState, Instance, Server } from '../../src/rollout/model.ts';
import type { BackendState, Clock, HostAccess, LoadBalancer, Lock } from '../../src/runner/ports/ports.ts';
import { LATE_WITHIN_MS } from '../../src/runner/waiting/persist.ts';
import { changed } from '../support/changed.ts';
import { centralBreakages } from './breakages-central.ts';
import { frontBreakages } from './breakages-front.ts';
import { pushBreakages } from './breakages-push.ts';
import { operationBreakages } from './breakages-operations.ts';
import { balancers, containers, hosts, never, records } from './breaking.ts';
import type { Breakage } from './playing.ts';

function locks(isLocked: (host: string) => boolean): Breakage {
  return hosts((host) => ({
    lock: isLocked(host.name)
      ? host.lock
      : changed(host.lock, { take: async () => ({ lock: noLock }), retake: async () => noLock }),
  }));
}

const noLock: Lock = {
  ...{ dead: undefined, lost: never, isSure: () => true },
  ...{ claim: async () => undefined, release: async () => undefined },
};

/** What was last set on a host: what somebody believes who does not look. */
const beliefs = new WeakMap<HostAccess, Map<string, { weight?: number; admin?: AdminState }>>();

function setBy(host: HostAccess): Map<string, { weight?: number; admin?: AdminState }> {
  const known = beliefs.get(host) ?? new Map<string, { weight?: number; admin?: AdminState }>();
  beliefs.set(host, known);
  return known;
}

/** What backends looked like when somebody first asked. */
const firstSeen = new WeakMap<HostAccess, Map<string, readonly BackendState[]>>();

/** By what it is that is broken. */
export const breakages: Readonly<Record<string, Breakage>> = {
  ...operationBreakages,
  ...centralBreakages,
  ...frontBreakages,
  ...pushBreakages,
  'record written after acting': records((record, { clock }) => ({
    write: async (entries) => {
      void clock.sleep(300, never).then(() => record.write(entries).catch(() => undefined));
    },
  })),
  'journal not waited for': { context: (context) => ({ ...context, journal: { settled: async () => undefined } }) },
  'record dropped before the server is back': balancers((balancer, host) => ({
    setWeight: async (server, weight) => {
      if (weight > 0) await host.record.write([]);
      await balancer.setWeight(server, weight);
    },
  })),
  'queue ignored': balancers((balancer) => ({
    look: async (server) => ({ ...(await balancer.look(server)), queued: 0 }),
  })),
  'retries ignored': balancers((balancer) => ({
    look: async (server) => ({ ...(await balancer.look(server)), retries: 0 }),
  })),
  'old workers ignored': hosts((host) => ({
    balancer: (place) => changed(host.balancer(place), { oldWorkers: async () => [], processRuns: async () => false }),
  })),
  'reloads not noticed': balancers((balancer, host) => {
    const set = setBy(host);
    return {
      setWeight: async (server, weight) => {
        set.set(server.name, { weight });
        await balancer.setWeight(server, weight);
      },
      setAdmin: async (server, admin) => {
        set.set(server.name, { ...set.get(server.name), admin });
        await balancer.setAdmin(server, admin);
      },
      setReadyWhenProven: async (server) => {
        set.delete(server.name);
        await balancer.setReadyWhenProven(server);
      },
      look: async (server) => ({ ...(await balancer.look(server)), pid: 1, ...set.get(server.name) }),
    };
  }),
  'floor not looked at': balancers((balancer) => ({
    backends: async (name) => (await balancer.backends(name)).map(withAllUp),
  })),
  'backends taken for as first seen': balancers((balancer, host) => ({
    backends: async (name) => {
      const seen = firstSeen.get(host) ?? new Map<string, readonly BackendState[]>();
      firstSeen.set(host, seen);
      const known = seen.get(name ?? '') ?? (await balancer.backends(name));
      seen.set(name ?? '', known);
      return known;
    },
  })),
  'floor not looked at while servers are away': balancers((balancer, host) => {
    const set = setBy(host);
    return {
      setWeight: async (server, weight) => {
        set.set(server.name, { weight });
        await balancer.setWeight(server, weight);
      },
      backends: async (name) =>
        (await balancer.backends(name)).map((backend) => {
          const isAway = backend.servers.some((one) => set.get(one.server.name)?.weight === 0);
          return isAway ? withAllUp(backend) : backend;
        }),
    };
  }),
  'ramp ends at its first step': balancers((balancer, host) => {
    const set = setBy(host);
    return {
      setWeight: async (server, weight) => {
        const before = set.get(`ramped ${server.backend}/${server.name}`)?.weight ?? 0;
        set.set(`ramped ${server.backend}/${server.name}`, { weight });
        if (weight === 0 || before === 0) await balancer.setWeight(server, weight);
      },
    };
  }),
  'host replaced one by one': {
    play: ({ hosts: all, ...play }) => ({
      ...play,
      hosts: all.map((host) => ({ ...host, instances: host.instances.map(byItself) })),
    }),
  },
  'company forgotten': records((record) => ({
    read: async () => (await record.read()).map((entry) => ({ ...entry, company: undefined })),
  })),
  'more at once than the play says': {
    play: ({ atOnce, ...play }) => ({
      ...play,
      ...(atOnce && { atOnce: { ...atOnce, perHost: atOnce.perHost + 1, inAll: undefined, window: undefined } }),
    }),
  },
  'weight put back as configured': balancers((balancer) => ({
    setWeight: async (server, weight) => {
      await balancer.setWeight(server, weight > 0 ? await configured(balancer, server) : 0);
    },
  })),
  'both slots given the same weight': balancers((balancer) => ({
    setWeight: async (server, weight) => {
      const other = server.name.endsWith('_b') ? server.name.slice(0, -2) : `${server.name}_b`;
      const [state] = await balancer.backends(server.backend);
      const its = state?.servers.find((one) => one.server.name === other)?.weight ?? 0;
      await balancer.setWeight(server, weight > 0 && its > 0 ? its : weight);
    },
  })),
  'one of two HAProxys not known of': {
    play: (play) => ({
      ...play,
      hosts: play.hosts.map((host) => ({ ...host, instances: host.instances.map(withoutSecondBalancer) })),
    }),
  },
  'ready without health down': balancers((balancer) => ({
    setReadyWhenProven: async (server) => balancer.setAdmin(server, 'ready'),
  })),
  'weight never put back': balancers((balancer) => ({
    setWeight: async (server, weight) => (weight > 0 ? undefined : balancer.setWeight(server, weight)),
    look: async (server) => ({ ...(await balancer.look(server)), weight: await configured(balancer, server) }),
  })),
  'lock on one host only': locks((host) => host === 'fe1'),
  'lock ignored': locks(() => false),
  'lock not released': hosts((host) => ({
    lock: changed(host.lock, {
      take: async (owner) => {
        const taking = await host.lock.take(owner);
        return 'lock' in taking ? { lock: { ...taking.lock, release: async () => undefined } } : taking;
      },
    }),
  })),
  'clock stands still': { context: (context) => ({ ...context, clock: { ...context.clock, now: () => 0 } }) },
  'late effects not waited for': {
    context: (context) => {
      const { clock } = context;
      const sleep: Clock['sleep'] = (ms, signal) => clock.sleep(ms === LATE_WITHIN_MS ? 1 : ms, signal);
      return { ...context, clock: { ...clock, sleep } };
    },
  },
  'unforeseen error taken for none of ours': containers(() => ({
    stop: async () => {
      throw new TypeError('unforeseen');
    },
  })),
  'old container removed at once': containers((own) => ({
    start: async (name) => {
      const old = (await own.list()).find((one) => one.name.startsWith(`${name}.replaced-`));
      if (old) await own.remove(old.name);
      await own.start(name);
    },
  })),
  'old container stopped as soon as the new one starts': containers((own) => ({
    start: async (name) => {
      await own.start(name);
      const old = (await own.list()).find((one) => one.name.startsWith(`${name}.replaced-`));
      if (old) await own.stop(old.name);
    },
  })),
  'old container left to its restart policy': containers((own) => ({
    setRestart: async (name, restart) => (restart.name === 'no' ? undefined : own.setRestart(name, restart)),
  })),
  'readiness not looked at': hosts((host) => ({
    probe: async () => ({ ok: true }),
    containers: changed(host.containers, {
      inspect: async (name) => {
        const one = await host.containers.inspect(name);
        return one && { ...one, health: 'healthy' };
      },
    }),
  })),
};

function withAllUp(backend: BackendState): BackendState {
  return { ...backend, servers: backend.servers.map((server) => ({ ...server, isUp: true })) };
}

function withoutSecondBalancer(instance: Instance): Instance {
  return { ...instance, servers: instance.servers.filter(({ balancer }) => balancer.host !== 'lb2') };
}

function byItself(instance: Instance): Instance {
  return instance.strategy === 'recreate-host' ? { ...instance, strategy: 'in-place' } : instance;
}

async function configured(balancer: LoadBalancer, { backend, name }: Server): Promise<number> {
  const [state] = await balancer.backends(backend);
  return state?.servers.find(({ server }) => server.name === name)?.initialWeight ?? 1;
}
