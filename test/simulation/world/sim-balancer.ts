import { Failure } from '../../../src/errors.ts';
import type { AdminState, Server } from '../../../src/rollout/model.ts';
import type { BackendState, ServerCounters, ServerState } from '../../../src/rollout/observed.ts';
import type {
  BalancerFacts,
  LoadBalancer,
  OldWorker,
  ServerLook,
  Session,
  Weights,
} from '../../../src/runner/ports/ports.ts';
import type { Controller } from './controller.ts';
import { homeOf } from './fronts.ts';
import { FIRST_PID } from './haproxy.ts';
import { sawUsable } from './floor.ts';
import type { SimHost } from './host.ts';
import type { Change } from './watchman.ts';
import { open, pathOf, type Slot } from './worker.ts';

/** The HAProxy of a host as one controller sees it. A method that is new in `LoadBalancer` goes here. */
export class SimBalancer implements LoadBalancer {
  readonly #controller: Controller;
  readonly #host: SimHost;
  readonly #socket: string;

  constructor(controller: Controller, host: SimHost, socket: string) {
    this.#controller = controller;
    this.#host = host;
    this.#socket = socket;
  }

  facts(): Promise<BalancerFacts> {
    return this.#look('facts', () => ({ version: this.#tells ? '3.2.26' : '2.6.12', level: 'admin' }));
  }

  backends(backend?: string): Promise<readonly BackendState[]> {
    return this.#look(`backends ${backend ?? ''}`, () => {
      const { backends } = this.#host.haproxy.current;
      const names = backend === undefined ? [...backends.keys()] : backends.has(backend) ? [backend] : [];
      return names.map((name) => {
        const slots = this.#host.haproxy.slots(name);
        sawUsable(this.#controller, this.#host, { name, slots });
        const servers = slots.map((slot) => this.#state(slot));
        const algorithm = this.#isFixed ? 'static-rr' : 'roundrobin';
        return { balancer: this.#balancer, name, algorithm, queued: 0, servers };
      });
    });
  }

  look(server: Server): Promise<ServerLook> {
    return this.#look(`look at ${pathOf(server)}`, () => {
      const slot = this.#host.haproxy.slot(server);
      const { path } = slot;
      const { pid } = this.#host.haproxy.current;
      const { nowMs } = this.#controller.world.timeline;
      const { firstLookMs } = this.#controller.dealing(this.#host);
      if (!firstLookMs.has(path)) firstLookMs.set(path, nowMs);
      const { weight, admin, retries } = slot;
      const { current, queued } = this.#host.haproxy.counted(slot);
      const { status, isUp, lastCheck } = this.#statusOf(slot);
      return { pid, current, queued, retries, status, isUp, lastCheck, weight, admin };
    });
  }

  /** What is between two tries is attached, too. */
  async isHeld(server: Server): Promise<boolean | undefined> {
    if (!this.#tells) return undefined;
    return this.#look(`held by ${pathOf(server)}`, () => {
      const slot = this.#host.haproxy.slot(server);
      return slot.admin === 'maint' ? open(slot, this.#controller.world.timeline.nowMs).length > 0 : undefined;
    });
  }

  takesWeights(backend: string): Promise<Weights> {
    return this.#look(`weights of ${backend}`, () => (this.#isFixed ? 'fixed' : 'any'));
  }

  counters(backend: string): Promise<readonly ServerCounters[]> {
    return this.#look(`counters of ${backend}`, () => {
      const { current } = this.#host.haproxy;
      return this.#host.haproxy.slots(backend).map((slot) => {
        open(slot, this.#controller.world.timeline.nowMs);
        return {
          ...{
            server: this.#server(slot),
            pid: current.pid,
            ...this.#statusOf(slot),
            requests: slot.ended + slot.refused,
          },
          ...{ serverErrors: slot.serverErrors, connectionErrors: slot.refused, responseErrors: slot.cut },
        };
      });
    });
  }

  async setWeight(server: Server, weight: number): Promise<void> {
    await this.#change(`weight of ${pathOf(server)} ${weight}`, { what: 'weight', server, weight }, () => {
      const slot = this.#host.haproxy.slot(server);
      if (this.#isFixed && weight !== 0 && weight !== slot.line.weight) throw onlyConfigured(server);
      this.#host.haproxy.setWeight(slot, weight);
    });
  }

  async setAdmin(server: Server, admin: AdminState): Promise<void> {
    await this.#change(`${pathOf(server)} to ${admin}`, { what: 'admin', server, admin }, () => {
      this.#host.haproxy.setAdmin(this.#host.haproxy.slot(server), admin);
    });
  }

  async setAgent(server: Server, isEnabled: boolean): Promise<void> {
    const change = { what: 'agent' as const, server, isEnabled };
    await this.#change(`agent-check of ${pathOf(server)} ${isEnabled ? 'on' : 'off'}`, change, () => {
      this.#host.haproxy.slot(server).hasAgent = isEnabled;
    });
  }

  /** As its master's socket tells: what is between two tries may still come to any server. */
  oldWorkers(server: Server): Promise<readonly OldWorker[]> {
    return this.#look(`old workers of ${pathOf(server)}`, () => {
      const { current, workers } = this.#host.haproxy;
      const { nowMs } = this.#controller.world.timeline;
      return workers
        .filter(({ pid }) => pid !== current.pid)
        .map(({ pid, slots }) => {
          const all = [...slots.values()];
          const own = this.#ownIn(all, server);
          const others = all.filter((slot) => !own.includes(slot));
          const elsewhere = others.map((slot) => this.#host.haproxy.counted(slot));
          const clients = all.reduce((sum, slot) => sum + open(slot, nowMs).length, 0);
          return { pid, clients, current: elsewhere.reduce((left, one) => left - one.current - one.queued, clients) };
        })
        .filter(({ clients }) => clients > 0)
        .map(({ pid, current: pending }) => ({ pid, current: pending }));
    });
  }

  /** Renamed by the reload, it goes by another name in an old worker, and by the same address. */
  #ownIn(all: readonly Slot[], server: Server): readonly Slot[] {
    const path = pathOf(server);
    const named = all.filter((slot) => slot.path === path);
    const now = this.#host.haproxy.current.slots.get(path)?.line;
    if (named.length > 0 || !now) return named;
    const isThere = ({ line }: Slot): boolean =>
      line.port === now.port && homeOf(this.#host, line.name) === homeOf(this.#host, now.name);
    return all.filter(isThere);
  }

  async setReadyWhenProven(server: Server): Promise<void> {
    await this.#change(`${pathOf(server)} ready, health down`, { what: 'ready', server }, () => {
      this.#host.haproxy.setReadyWhenProven(this.#host.haproxy.slot(server));
    });
  }

  sessions(server: Server): Promise<readonly Session[]> {
    return this.#look(`sessions of ${pathOf(server)}`, () => {
      const { nowMs } = this.#controller.world.timeline;
      return open(this.#host.haproxy.slot(server), nowMs).map(({ openedMs }) => ({
        ...{ source: '10.0.0.9:4711', ageSeconds: (nowMs - openedMs) / 1000 },
      }));
    });
  }

  processRuns(pid: number): Promise<boolean> {
    const run = (): boolean => this.#host.haproxy.runs(pid);
    return this.#controller.call(this.#host, { name: `process ${pid}`, service: 'host', run });
  }

  async shutdownSessions(server: Server): Promise<void> {
    await this.#change(`shutdown sessions of ${pathOf(server)}`, { what: 'shutdown', server }, () => {
      this.#host.haproxy.slot(server).requests = [];
    });
  }

  /** In every other story it is one of 3.0 or later, which tells what is attached to a server. */
  get #tells(): boolean {
    return this.#controller.world.setting.seed % 2 === 1;
  }

  #server({ line: { backend, name } }: Slot): Server {
    return { balancer: this.#balancer, backend, name };
  }

  get #isFixed(): boolean {
    return this.#controller.world.setting.isFixed === true;
  }

  get #balancer(): Server['balancer'] {
    return { host: this.#host.name, socket: this.#socket };
  }

  #state(slot: Slot): ServerState {
    const { line, weight, admin } = slot;
    const { current, queued } = this.#host.haproxy.counted(slot);
    const { status, isUp, lastCheck } = this.#statusOf(slot);
    return {
      server: this.#server(slot),
      weight,
      initialWeight: line.weight,
      admin,
      status,
      isUp,
      lastCheck,
      isBackup: line.isBackup ?? false,
      hasCheck: true,
      hasAgent: slot.hasAgent,
      tracks: undefined,
      address: this.#addressOf(slot),
      port: line.port,
      current,
      queued,
    };
  }

  #statusOf({ admin, isUp }: Slot): Pick<ServerState, 'status' | 'isUp' | 'lastCheck'> {
    const { current: worker, checking } = this.#host.haproxy;
    const isNew = worker.pid > FIRST_PID && this.#controller.world.timeline.nowMs - worker.startedMs < checking.interMs;
    const status = admin === 'maint' ? 'MAINT' : admin === 'drain' ? 'DRAIN' : isUp ? 'UP' : 'DOWN';
    return { status, isUp: status === 'UP', lastCheck: !isUp ? 'L4CON' : isNew ? 'INI' : 'L7OK/200' };
  }

  #addressOf({ line: { name } }: Slot): string {
    const home = homeOf(this.#host, name);
    return home === this.#host ? '127.0.0.1' : home.address;
  }

  #look<T>(name: string, run: () => T): Promise<T> {
    return this.#controller.call(this.#host, { name, service: 'haproxy', run });
  }

  async #change(name: string, change: Change, run: () => void): Promise<void> {
    await this.#controller.call(this.#host, { name, service: 'haproxy', change, run });
  }
}

function onlyConfigured(server: Server): Failure {
  const answer = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
  return new Failure('haproxy', `Cannot set the weight of ${pathOf(server)}: HAProxy answers "${answer}"`);
}
