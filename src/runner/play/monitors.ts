import { Failure } from '../../errors.ts';
import type { Report, Subject } from '../../rollout/events.ts';
import type { EndState } from '../../rollout/lifecycle.ts';
import { keepsContainer, serverKey, type Instance, type Server } from '../../rollout/model.ts';
import { whyFallen } from '../../rollout/monitor.ts';
import type { InstanceEnd, Stop } from '../instance/advance.ts';
import { MetricWatch } from '../instance/metric-watch.ts';
import { countersFor, Monitor } from '../instance/monitor.ts';
import type { Clock } from '../ports/ports.ts';
import type { Asking } from '../ports/commands.ts';
import { readMetric } from '../waiting/gate.ts';
import { Room } from '../waiting/room.ts';
import type { Work } from '../instance/work.ts';

const LOG_LINES = 10;

export interface MonitorsContext {
  readonly clock: Clock;
  readonly report: Report;
  readonly stop: Stop;
  readonly controller: Asking;
  /** Instances of a host that may be in work at the same time. */
  readonly perHost: number;
  /** Those that an instance can only be taken back with, itself too. */
  readonly together: (instance: Instance) => readonly Instance[];
  /** Takes instances, of which one serves badly, back to what the run has found. */
  readonly takeBack: (instances: readonly Instance[], failure: Failure) => Promise<ReadonlyMap<Instance, InstanceEnd>>;
}

interface HostMonitors {
  readonly monitors: Set<Monitor>;
  /** What is taken back has its host for itself. */
  readonly room: Room;
  isWatching: boolean;
  /** Ends the wait for the next look: a metric has answered. */
  wake: AbortController;
}

/**
 * Watches the updated instances of a play in service, while the play goes on: all those of a host in one loop. One
 * that does not serve well is given to `takeBack` as soon as no other instance of its host is in work.
 */
export class Monitors {
  readonly #context: MonitorsContext;
  readonly #hosts = new Map<string, HostMonitors>();
  readonly #touched = new Set<string>();
  readonly #touching: (() => readonly Server[])[] = [];
  readonly #failed = new Map<Instance, InstanceEnd>();
  /** What instances came to by themselves. */
  readonly #ends = new Map<Instance, EndState>();
  /** They are taken back, or will be: one that ends updated meanwhile is not watched any more. */
  readonly #goingBack = new Set<Instance>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #quit = new AbortController();
  /** A stop ends all monitors early, and well. */
  readonly #signal: AbortSignal;

  constructor(context: MonitorsContext) {
    this.#context = context;
    this.#signal = AbortSignal.any([context.stop.beforeNext, this.#quit.signal]);
  }

  /** The servers serve, or will, what is being rolled out: others cannot be compared with them. As far as they are known by now. */
  touch(servers: () => readonly Server[]): void {
    this.#touching.push(servers);
    this.#note(servers());
  }

  /** More of them are known than before. */
  touchMore(): void {
    for (const servers of this.#touching) this.#note(servers());
  }

  isTouched(server: Server): boolean {
    return this.#touched.has(serverKey(server));
  }

  #note(servers: readonly Server[]): void {
    for (const server of servers) this.#touched.add(serverKey(server));
  }

  /** The monitor of an instance that is to have one. What is taken back has been there before and needs none. */
  of(work: Work): Monitor | undefined {
    const { monitor, revert } = work.instance;
    if (!monitor || revert) return undefined;
    return new Monitor(work, monitor, {
      isTouched: (server) => this.isTouched(server),
      metric: this.#metricOf(work),
    });
  }

  #metricOf({ instance: { monitor }, host }: Work): MetricWatch | undefined {
    const { clock, controller } = this.#context;
    const metric = monitor?.metric;
    if (!metric) return undefined;
    const machine = metric.where === 'host' ? host : controller;
    return new MetricWatch(metric, { clock, read: () => readMetric(metric, machine) });
  }

  /** An instance has come to its end. Only what is updated can be taken back. */
  cameTo(instance: Instance, state: EndState): void {
    this.#ends.set(instance, state);
  }

  /** Goes on in the background with a monitor that began in the soak, or begins it where a run goes on after that. */
  follow(monitor: Monitor): void {
    if (this.#goingBack.has(monitor.work.instance)) return;
    if (!monitor.hasBegun) monitor.begin(this.#context.clock.now());
    const { host } = monitor.work.instance;
    const on = this.#on(host);
    on.monitors.add(monitor);
    this.#context.report({ type: 'monitor-started', subject: subjectOf(monitor), forMs: monitor.policy.forMs });
    if (on.isWatching) return;
    on.isWatching = true;
    this.#keep(this.#watch(on));
  }

  /** Does something to an instance of a host, when there is room for one more, and none is being taken back. */
  inTurn<T>(host: string, action: () => Promise<T>): Promise<T> {
    return this.#on(host).room.share(action);
  }

  hasFailedOn(host: string): boolean {
    return [...this.#failed.keys()].some((instance) => instance.host === host);
  }

  /** How an instance whose monitor has failed ended, as far as is known. */
  endOf(instance: Instance): InstanceEnd | undefined {
    return this.#failed.get(instance);
  }

  /** Resolves when all monitors have ended and what has failed is taken back. */
  async ended(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Ends all monitors now. */
  quit(): void {
    this.#quit.abort();
  }

  #on(host: string): HostMonitors {
    const known = this.#hosts.get(host) ?? {
      monitors: new Set(),
      room: new Room(this.#context.perHost),
      isWatching: false,
      wake: new AbortController(),
    };
    this.#hosts.set(host, known);
    return known;
  }

  /** Somebody waits for it later; until then a bug in it is nobody's unhandled rejection. */
  #keep(work: Promise<void>): void {
    this.#underWay.add(work);
    work.then(
      () => this.#underWay.delete(work),
      () => undefined,
    );
  }

  async #watch(on: HostMonitors): Promise<void> {
    const { clock } = this.#context;
    while (on.monitors.size > 0) {
      on.wake = new AbortController();
      if (!this.#signal.aborted) await this.#look(on);
      for (const monitor of on.monitors) await this.#judge(monitor, on);
      if (on.monitors.size === 0) break;
      const nextAtMs = Math.min(...[...on.monitors].map((monitor) => monitor.nextAtMs));
      await clock.sleep(Math.max(0, nextAtMs - clock.now()), AbortSignal.any([this.#signal, on.wake.signal]));
    }
    on.isWatching = false;
  }

  /** The metric is asked meanwhile: however long it takes to answer, the counters are looked at in their time. */
  async #judge(monitor: Monitor, on: HostMonitors): Promise<void> {
    if (this.#signal.aborted) {
      this.#end(monitor, on);
      return;
    }
    const { metric } = monitor;
    metric?.askWhenDue(() => {
      on.wake.abort();
    });
    const isOver = monitor.isOver(this.#context.clock.now());
    const why = metric?.whyWrong() ?? (isOver ? metric?.whyNoNumber() : undefined);
    if (why !== undefined) await this.#fail(monitor, on, why);
    else if (isOver) this.#end(monitor, on);
  }

  /** A look that does not come through is no verdict: the next one may. */
  async #look(on: HostMonitors): Promise<void> {
    const nowMs = this.#context.clock.now();
    // All of them once one is due: then they stay in step, and one command tells of all servers of a backend.
    const due = [...on.monitors];
    if (due.every(({ countersAtMs }) => countersAtMs > nowMs)) return;
    const [counters, containers] = await Promise.all([
      lookedAt(countersFor(due)),
      Promise.all(due.map(({ work }) => lookedAt(work.host.containers.inspect(work.instance.container)))),
    ]);
    for (const [index, monitor] of due.entries()) {
      // Another one of its company has failed.
      if (!on.monitors.has(monitor)) continue;
      const container = containers[index];
      monitor.looked(nowMs, counters.trouble ?? container?.trouble);
      const fallen =
        container?.trouble === undefined ? whyFallen(container?.seen, monitor.work.started?.at) : undefined;
      const why = fallen ?? (counters.seen && monitor.see(counters.seen));
      if (why !== undefined) await this.#fail(monitor, on, why);
    }
  }

  #end(monitor: Monitor, on: HostMonitors, why = 'the run stops'): void {
    const { clock, report } = this.#context;
    on.monitors.delete(monitor);
    const ms = clock.now() - monitor.startedMs;
    const early = ms < monitor.policy.forMs ? `, ended early since ${why}` : '';
    const outcome = `${monitor.summary()}${early}`;
    report({ type: 'monitor-ended', subject: subjectOf(monitor), ms, outcome, ...numberOf(monitor) });
  }

  async #fail(monitor: Monitor, on: HostMonitors, why: string): Promise<void> {
    const { clock, report, together, takeBack } = this.#context;
    const { instance, host } = monitor.work;
    on.monitors.delete(monitor);
    const image = keepsContainer(instance) ? monitor.work.container?.image.reference : instance.spec.image;
    const reason = `${instance.container} on ${host.name} (${image ?? ''}) does not serve well: ${why}`;
    const failure = new Failure('docker', reason);
    this.#failed.set(instance, { state: 'updated', failure });
    const company = together(instance);
    for (const one of company) this.#goingBack.add(one);
    for (const other of on.monitors)
      if (company.includes(other.work.instance)) this.#end(other, on, `${instance.container} is taken back`);
    const [logs] = await Promise.allSettled([host.containers.logs(instance.container, LOG_LINES)]);
    const details = logs.status === 'fulfilled' ? logs.value.map((line) => `log: ${line}`) : [];
    report({
      type: 'monitor-failed',
      subject: subjectOf(monitor),
      ...{ ms: clock.now() - monitor.startedMs, reason, details, ...numberOf(monitor) },
    });
    const takenBack = on.room.alone(async () => {
      const updated = company.filter((one) => (this.#ends.get(one) ?? 'updated') === 'updated');
      for (const [one, end] of await takeBack(updated, failure)) this.#failed.set(one, end);
    });
    this.#keep(takenBack);
  }
}

/** What a look has seen, or why it has not come through. */
async function lookedAt<T>(look: Promise<T>): Promise<{ readonly seen?: T; readonly trouble?: string }> {
  try {
    return { seen: await look };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { trouble: error.message };
  }
}

function numberOf({ metric }: Monitor): { readonly value?: number } {
  const number = metric?.number;
  return number === undefined ? {} : { value: number };
}

function subjectOf({ work: { instance } }: Monitor): Subject {
  return { host: instance.host, name: instance.container };
}
