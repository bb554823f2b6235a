/** Deliberate breakages of what is done after a rollout, beside it, and instead of it. */
import type { RunEvent } from '../../src/rollout/events.ts';
import type { RecordEntry } from '../../src/runner/ports/ports.ts';
import { changed } from '../support/changed.ts';
import { balancers, hosts, records } from './breaking.ts';
import type { Breakage } from './playing.ts';

/** A container that somebody believes in for ever once it was healthy: when it was started then, by its id. */
const healthy = new WeakMap<object, Map<string, string>>();

/** By what it is that is broken. */
export const operationBreakages: Readonly<Record<string, Breakage>> = {
  'fence ignored': hosts((host) => ({
    lock: changed(host.lock, {
      take: async (owner) => {
        const taking = await host.lock.take(owner);
        return 'lock' in taking ? { lock: { ...taking.lock, isSure: () => true } } : taking;
      },
    }),
  })),
  'resume does not look at the record': records((record, { command, run }) => ({
    read: async () => (await record.read()).filter((entry) => command !== 'resume' || entry.run !== run),
  })),
  'what others have left in work ignored': records((record, { command, run }) => ({
    read: async () => {
      const isOthers = ({ kind, run: by }: RecordEntry): boolean => kind === 'rollout' && by !== run;
      return (await record.read()).filter((entry) => command === 'recover' || !isOthers(entry));
    },
  })),
  'rollback to what is there': hosts((host) => ({
    archive: changed(host.archive, {
      load: async (run, container) => {
        const archived = await host.archive.load(run, container);
        if (!archived?.old || !(await host.containers.inspect(container))) return archived;
        return { ...archived, old: { ...archived.old, snapshot: await host.containers.snapshot(container) } };
      },
    }),
  })),
  'clock of the host not asked': hosts((host) => ({
    system: async () => ({ ...(await host.system()), now: new Date(0) }),
  })),
  'what is kept not seen to when it is over': records((record, { command }) => ({
    read: async () => (await record.read()).filter(({ kind }) => command !== 'restore' || kind !== 'kept'),
  })),
  'archive not written': hosts((host) => ({ archive: changed(host.archive, { save: async () => undefined }) })),
  'monitor sees nothing': hosts((host) => ({
    containers: changed(host.containers, {
      inspect: async (name) => {
        const one = await host.containers.inspect(name);
        if (!one) return one;
        const known = healthy.get(host.containers) ?? new Map<string, string>();
        healthy.set(host.containers, known);
        if (one.health === 'healthy' && !known.has(one.id)) known.set(one.id, one.startedAt);
        const startedAt = known.get(one.id);
        if (startedAt === undefined) return one;
        return { ...one, startedAt, running: true, status: 'running', health: 'healthy' };
      },
    }),
    balancer: (place) => {
      const balancer = host.balancer(place);
      return changed(balancer, { counters: async () => [] });
    },
  })),
  'limits not looked at': {
    play: (play) => ({ ...play, policy: { ...play.policy, maxFailures: undefined, runDeadlineMs: undefined } }),
  },
  'what was put back told as updated': {
    context: (context) => ({ ...context, report: (event) => context.report(embellished(event)) }),
  },
  'what is left out of service told as put back': {
    context: (context) => ({ ...context, report: (event) => context.report(belittled(event)) }),
  },
  'answers not listened to': {
    context: (context) => ({
      ...context,
      operator: changed(context.operator, {
        ask: async (question, signal) => {
          await context.operator.ask(question, signal);
          return question.read('go on') ?? question.read('y');
        },
      }),
    }),
  },
  'what was created stays when it is taken back': hosts((host, { command }) => ({
    containers: changed(host.containers, {
      remove: async (name) => {
        if (command !== 'rollback') await host.containers.remove(name);
      },
    }),
  })),
  'restore sets no weight': balancers((balancer, _, { command }) => ({
    setWeight: async (server, weight) => {
      if (command !== 'restore') await balancer.setWeight(server, weight);
    },
  })),
  'agent-check left silent': balancers((balancer) => ({
    setAgent: async (server, isEnabled) => {
      if (!isEnabled) await balancer.setAgent(server, false);
    },
  })),
};

function embellished(event: RunEvent): RunEvent {
  return event.type === 'instance-ended' && event.state === 'unchanged' ? { ...event, state: 'updated' } : event;
}

function belittled(event: RunEvent): RunEvent {
  return event.type === 'instance-ended' && event.state === 'outOfService' ? { ...event, state: 'unchanged' } : event;
}
