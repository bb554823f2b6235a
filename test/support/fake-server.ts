import type { AdminState } from '../../src/rollout/model.ts';
import type { ServerCounters, ServerState } from '../../src/rollout/observed.ts';

const RISE = 2;
const FALL = 2;
const INTER_MS = 500;
const AGENT_INTER_MS = 300;

type Counted = Omit<ServerCounters, 'server' | 'pid' | 'status' | 'isUp' | 'lastCheck'>;

const NOTHING: Counted = { requests: 0, serverErrors: 0, connectionErrors: 0, responseErrors: 0 };

/** What another configuration says. */
export interface NewConfig {
  readonly without?: readonly string[];
  readonly moved?: readonly string[];
  readonly weights?: Readonly<Record<string, number>>;
  readonly isShut?: boolean;
}

/** A server of a `FakeBalancer`: its weight and state, what its checks have found and what was counted. */
export class FakeServer {
  readonly name: string;
  weight: number;
  configuredWeight: number;
  admin: AdminState = 'ready';
  isUp = true;
  /** Its agent-check says `up 100%` all the time, when it is enabled. */
  agent: 'none' | 'enabled' | 'disabled' = 'none';
  counted = NOTHING;
  #port: number;
  /** Since when its checks have passed without a break, as far as HAProxy looks; undefined while they fail. */
  #passingSinceMs: number | undefined = 0;
  #failingSinceMs: number | undefined;
  /** When its worker checks it first; till then that takes it for UP. */
  #firstCheckMs = 0;
  /** Its checks fail by the configuration, whatever is behind it. */
  #isShut = false;

  constructor(name: string, weight: number, port: number) {
    this.name = name;
    this.weight = this.configuredWeight = weight;
    this.#port = port;
  }

  /** As a new worker begins with it. */
  reload({ moved = [], weights = {}, isShut = false }: NewConfig, now: number): void {
    this.weight = this.configuredWeight = weights[this.name] ?? this.configuredWeight;
    this.admin = 'ready';
    this.#isShut = isShut;
    this.isUp = true;
    this.#passingSinceMs = this.#failingSinceMs = undefined;
    this.#firstCheckMs = now + INTER_MS;
    if (this.agent === 'disabled') this.agent = 'enabled';
    if (moved.includes(this.name)) this.#port += 1000;
    this.counted = NOTHING;
  }

  becomeReadyWhenProven(now: number): void {
    this.admin = 'ready';
    this.isUp = false;
    this.#passingSinceMs = undefined;
    this.#failingSinceMs = now;
    this.#firstCheckMs = 0;
  }

  check(now: number, answers: boolean): void {
    if (this.agent === 'enabled' && now % AGENT_INTER_MS === 0) this.weight = this.configuredWeight;
    if (this.admin === 'maint' || now < this.#firstCheckMs) return;
    if (answers && !this.#isShut) {
      this.#passingSinceMs ??= now;
      this.#failingSinceMs = undefined;
      if (now - this.#passingSinceMs >= RISE * INTER_MS) this.isUp = true;
    } else {
      this.#failingSinceMs ??= now;
      this.#passingSinceMs = undefined;
      // At its first failure, where that is the worker's first check.
      if (now === this.#firstCheckMs || now - this.#failingSinceMs >= FALL * INTER_MS) this.isUp = false;
    }
  }

  /** Counts a request that has ended, with this kind of error if with any. */
  count(error?: Exclude<keyof Counted, 'requests'>): void {
    const { counted } = this;
    this.counted = { ...counted, requests: counted.requests + 1, ...(error && { [error]: counted[error] + 1 }) };
  }

  state(now: number): Omit<ServerState, 'server' | 'address' | 'current'> {
    const { weight, configuredWeight, admin, isUp, agent } = this;
    const status = admin === 'maint' ? 'MAINT' : admin === 'drain' ? 'DRAIN' : isUp ? 'UP' : 'DOWN';
    const lastCheck = now < this.#firstCheckMs ? 'INI' : isUp ? 'L7OK/200' : 'L4CON';
    return {
      ...{ weight, initialWeight: configuredWeight, admin, status, isUp: status === 'UP', isBackup: false },
      ...{ hasCheck: true, hasAgent: agent === 'enabled', tracks: undefined, lastCheck, port: this.#port, queued: 0 },
    };
  }
}
