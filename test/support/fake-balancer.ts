import { Failure } from '../../src/errors.ts';
import type { AdminState, Balancer, Server } from '../../src/rollout/model.ts';
import type { BackendState, ServerCounters, ServerState } from '../../src/rollout/observed.ts';
import type {
  BalancerFacts,
  Clock,
  LoadBalancer,
  OldWorker,
  ServerLook,
  Session,
  Weights,
} from '../../src/runner/ports/ports.ts';
import { FakeServer, type NewConfig } from './fake-server.ts';

const BACKEND = 'pxapp_cluster';

/** What HAProxy calls an algorithm whose weights are so; of a hash that takes any it says the same as of one that does not. */
const ALGORITHM: Readonly<Record<Weights, string>> = {
  ...{ any: 'roundrobin', fixed: 'static-rr', unheeded: 'first', unknown: 'uri' },
};

export interface OpenRequest {
  readonly server: string;
  readonly pid: number;
  readonly openedMs: number;
  readonly endsMs: number;
}

/** One HAProxy with one backend, whose servers answer when `answers` says so; moved on by `tick`. */
export class FakeBalancer implements LoadBalancer {
  readonly #clock: Clock;
  readonly #balancer: Balancer;
  readonly #answers: (server: string) => boolean;
  readonly #errs: (server: string) => boolean;
  #slots: FakeServer[];
  #requests: OpenRequest[] = [];
  #turn = 0;
  #pid = 100;
  /** One sentence per request that failed. */
  readonly failures: string[] = [];
  served = 0;
  weightsAre: Weights = 'any';
  level: BalancerFacts['level'] = 'admin';
  /** Where its servers are. */
  address = '127.0.0.1';
  /** Without a master's socket what old workers have cannot be counted; hidden processes are not even seen. */
  oldWorkersAre: 'counted' | 'seen' | 'hidden' = 'counted';
  /** From 3.0 on it tells what is attached to a server in maintenance. */
  version = '2.6.12';

  constructor(
    clock: Clock,
    balancer: Balancer,
    servers: {
      weights: ReadonlyMap<string, number>;
      answers: (server: string) => boolean;
      /** Whether what it answers is a 5xx: counted, and no failure of ours. */
      errs?: (server: string) => boolean;
    },
  ) {
    this.#clock = clock;
    this.#balancer = balancer;
    this.#answers = servers.answers;
    this.#errs = servers.errs ?? (() => false);
    this.#slots = [...servers.weights].map(([name, weight], index) => new FakeServer(name, weight, 8081 + index));
  }

  /** Sends a request that takes `ms`; answers with the server that took it, or undefined for a 503. */
  open(ms: number): string | undefined {
    const usable = this.#slots.filter(({ weight, admin, isUp }) => isUp && weight > 0 && admin === 'ready');
    const slot = usable[this.#turn++ % Math.max(1, usable.length)];
    if (!slot) {
      this.failures.push(`${this.#clock.now()} ms: 503, no server`);
      return undefined;
    }
    if (!this.#answers(slot.name)) {
      this.failures.push(`${this.#clock.now()} ms: ${slot.name} does not answer`);
      this.#count(slot.name, 'connectionErrors');
    }
    const openedMs = this.#clock.now();
    this.#requests.push({ server: slot.name, pid: this.#pid, openedMs, endsMs: openedMs + ms });
    return slot.name;
  }

  /** The container behind the server goes away: whatever it had in hand fails. */
  cut(server: string): void {
    for (const request of this.#requests.filter((one) => one.server === server)) {
      this.failures.push(
        `${this.#clock.now()} ms: ${server} was stopped with a request of ${request.openedMs} ms in hand`,
      );
      if (request.pid === this.#pid) this.#count(server, 'responseErrors');
    }
    this.#requests = this.#requests.filter((one) => one.server !== server);
  }

  tick(): void {
    const now = this.#clock.now();
    const ended = this.#requests.filter(({ endsMs }) => endsMs <= now);
    this.served += ended.length;
    for (const { server } of ended.filter(({ pid }) => pid === this.#pid)) {
      this.#count(server, this.#errs(server) ? 'serverErrors' : undefined);
    }
    this.#requests = this.#requests.filter(({ endsMs }) => endsMs > now);
    for (const slot of this.#slots) slot.check(now, this.#answers(slot.name));
  }

  /** A new worker: configured weights and states, counters from nothing; the old one keeps what it has. */
  reload(config: NewConfig = {}): void {
    this.#pid += 1;
    this.#slots = this.#slots.filter(({ name }) => !config.without?.includes(name));
    for (const slot of this.#slots) slot.reload(config, this.#clock.now());
  }

  /** A new process without an old one: HAProxy itself has cut what was in hand. */
  restart(): void {
    this.#requests = [];
    this.reload();
  }

  /** Gives the server an agent-check. */
  giveAgent(server: string): void {
    for (const slot of this.#slots.filter(({ name }) => name === server)) slot.agent = 'enabled';
  }

  get pid(): number {
    return this.#pid;
  }

  isAgentSilent(server: string): boolean {
    return this.#slots.some(({ name, agent }) => name === server && agent === 'disabled');
  }

  async processRuns(pid: number): Promise<boolean> {
    if (this.oldWorkersAre === 'hidden') return false;
    return pid === this.#pid || this.#requests.some((request) => request.pid === pid);
  }

  weights(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#slots.map(({ name, weight, admin, isUp }) => [name, `${weight} ${admin} ${isUp ? 'UP' : 'DOWN'}`]),
    );
  }

  async facts(): Promise<BalancerFacts> {
    return { version: this.version, level: this.level };
  }

  async backends(backend?: string): Promise<readonly BackendState[]> {
    if (backend !== undefined && backend !== BACKEND) return [];
    const servers = this.#slots.map((slot) => this.#state(slot));
    return [{ balancer: this.#balancer, name: BACKEND, algorithm: ALGORITHM[this.weightsAre], queued: 0, servers }];
  }

  async look(server: Server): Promise<ServerLook> {
    const slot = this.#slot(server);
    const { status, isUp, current, lastCheck } = this.#state(slot);
    const { weight, admin } = slot;
    return { pid: this.#pid, current, queued: 0, retries: 0, status, isUp, weight, admin, lastCheck };
  }

  async isHeld(server: Server): Promise<boolean | undefined> {
    const { name, admin } = this.#slot(server);
    if (this.version.startsWith('2.') || admin !== 'maint') return undefined;
    return this.#requests.some((request) => request.server === name && request.pid === this.#pid);
  }

  async takesWeights(): Promise<Weights> {
    return this.weightsAre;
  }

  async counters(backend: string): Promise<readonly ServerCounters[]> {
    if (backend !== BACKEND) return [];
    return this.#slots.map((slot) => {
      const { server, status, isUp, lastCheck } = this.#state(slot);
      return { server, pid: this.#pid, status, isUp, lastCheck, ...slot.counted };
    });
  }

  async setWeight(server: Server, weight: number): Promise<void> {
    const slot = this.#slot(server);
    if (this.weightsAre === 'fixed' && weight !== 0 && weight !== slot.configuredWeight)
      throw new Failure('haproxy', `Cannot set the weight of ${server.name}: HAProxy has a static LB algorithm`);
    slot.weight = weight;
  }

  async setAdmin(server: Server, admin: AdminState): Promise<void> {
    this.#slot(server).admin = admin;
  }

  async setAgent(server: Server, isEnabled: boolean): Promise<void> {
    this.#slot(server).agent = isEnabled ? 'enabled' : 'disabled';
  }

  async oldWorkers(server: Server): Promise<readonly OldWorker[] | undefined> {
    if (this.oldWorkersAre === 'hidden') return undefined;
    const old = this.#requests.filter(({ pid }) => pid !== this.#pid);
    return [...new Set(old.map(({ pid }) => pid))].map((pid) => {
      const current = old.filter((one) => one.pid === pid && one.server === server.name).length;
      return { pid, current: this.oldWorkersAre === 'counted' ? current : undefined };
    });
  }

  async setReadyWhenProven(server: Server): Promise<void> {
    this.#slot(server).becomeReadyWhenProven(this.#clock.now());
  }

  async sessions(server: Server): Promise<readonly Session[]> {
    const own = this.#requests.filter((one) => one.server === server.name && one.pid === this.#pid);
    return own.map(({ openedMs }) => ({ source: '10.0.0.9:4711', ageSeconds: (this.#clock.now() - openedMs) / 1000 }));
  }

  async shutdownSessions(server: Server): Promise<void> {
    this.cut(server.name);
  }

  /** A request that has ended, with this kind of error if with any. */
  #count(server: string, error?: 'serverErrors' | 'connectionErrors' | 'responseErrors'): void {
    this.#slots.find(({ name }) => name === server)?.count(error);
  }

  #state(slot: FakeServer): ServerState {
    const current = this.#requests.filter((one) => one.server === slot.name && one.pid === this.#pid).length;
    const server = { balancer: this.#balancer, backend: BACKEND, name: slot.name };
    return { server, address: this.address, current, ...slot.state(this.#clock.now()) };
  }

  #slot({ backend, name }: Server): FakeServer {
    const slot = this.#slots.find((one) => one.name === name);
    if (!slot || backend !== BACKEND)
      throw new Failure('haproxy', `Cannot find ${backend}/${name}: HAProxy has no such server`);
    return slot;
  }
}
