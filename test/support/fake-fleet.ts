import { setMaxListeners } from 'node:events';
import { Failure } from '../../src/errors.ts';
import type { RunEvent } from '../../src/rollout/events.ts';
import { expectedText, isIn } from '../../src/rollout/expected.ts';
import type { Instance, Probe } from '../../src/rollout/model.ts';
import type { Play } from '../../src/rollout/play.ts';
import { defaultPolicy, type Policy } from '../../src/rollout/policy.ts';
import type { AddressAnswer, AddressQuestion, CommandEnd, CommandRequest } from '../../src/runner/ports/commands.ts';
import type { PushRecord } from '../../src/runner/ports/config-port.ts';
import type {
  Fleet,
  HostAccess,
  HostRecord,
  HostSystem,
  ProbeResult,
  RecordEntry,
} from '../../src/runner/ports/ports.ts';
import type { RunContext } from '../../src/runner/run.ts';
import { anInstance, SOCKET } from './builders.ts';
import { FakeArchive } from './fake-archive.ts';
import { FakeCommands } from './fake-commands.ts';
import { FakeBalancer } from './fake-balancer.ts';
import { FakeJournal } from './fake-journal.ts';
import { FakeEngine } from './fake-engine.ts';
import type { Behaviour, FakeImage } from './fake-image.ts';
import { FakeJobs } from './fake-jobs.ts';
import { FakeLock } from './fake-lock.ts';
import { FakeOperator } from './fake-operator.ts';
import { FakeRecord, FakeRecordFile } from './fake-record.ts';
import { VirtualClock } from './virtual-clock.ts';

export const IMAGE = 'registry.lab:5000/pxapp';

/** Every host has these three servers, with weights that are not 1. */
export const WEIGHTS: ReadonlyMap<string, number> = new Map([
  ['pxApp_1', 10],
  ['pxApp_2', 20],
  ['pxApp_3', 30],
]);

/** Milliseconds between two requests to a host, and how long one takes. */
const REQUEST_EVERY_MS = 50;
const REQUEST_TAKES_MS = 300;

export class FakeHost implements HostAccess {
  readonly name: string;
  readonly containers: FakeEngine;
  readonly haproxy: FakeBalancer;
  readonly archive: FakeArchive;
  readonly commands: FakeCommands;
  readonly recordFile = new FakeRecordFile();
  readonly record: HostRecord;
  /** Of HAProxy's configuration, that have died here. */
  diedPushes: readonly PushRecord[] = [];
  readonly lock: FakeLock;
  readonly jobs: FakeJobs;
  isUnreachable = false;
  bootId = 'first-boot';
  /** How much its clock goes ahead of the controller's. */
  aheadMs = 0;
  /** Every server of it answers 5xx, whatever its version: something behind all of them is gone. */
  isErring = false;

  readonly #clock: VirtualClock;

  constructor(name: string, clock: VirtualClock, registry: ReadonlyMap<string, FakeImage>) {
    this.name = name;
    this.#clock = clock;
    this.lock = new FakeLock(name, clock);
    this.jobs = new FakeJobs(clock);
    this.containers = new FakeEngine(clock, registry);
    this.archive = new FakeArchive(name);
    this.record = new FakeRecord(name, this.recordFile);
    this.commands = new FakeCommands(clock);
    this.haproxy = new FakeBalancer(
      clock,
      { host: name, socket: SOCKET },
      {
        weights: WEIGHTS,
        answers: (server) => this.containers.answers(server),
        errs: (server) => this.isErring || this.containers.errs(server),
      },
    );
    this.containers.onStop = (container) => {
      // Stopped under its own name or, by a rollout, after it was renamed.
      this.haproxy.cut(container.replace(/\.replaced-.*$/, ''));
    };
    clock.onAdvance((nowMs) => {
      this.haproxy.tick();
      if (nowMs % REQUEST_EVERY_MS === 0) this.haproxy.open(REQUEST_TAKES_MS);
    });
  }

  get entries(): readonly RecordEntry[] {
    return this.recordFile.entries;
  }

  set entries(entries: readonly RecordEntry[]) {
    this.recordFile.entries = entries;
  }

  balancer(): FakeBalancer {
    return this.haproxy;
  }

  /** Its applications answer 200, with no header and no body. */
  async probe(probe: Exclude<Probe, { kind: 'command' }>): Promise<ProbeResult> {
    const isHttp = probe.kind === 'http';
    const [where, port] = isHttp
      ? [probe.url, Number(new URL(probe.url).port)]
      : [`${probe.host}:${probe.port}`, probe.port];
    const why = this.containers.answers(`pxApp_${port - 8080}`) ? isHttp && missingIn(probe) : ': refused';
    return why ? { ok: false, why: `${where}${why}` } : { ok: true };
  }

  async system(): Promise<HostSystem> {
    if (this.isUnreachable) throw new Failure('unreachable', `Cannot reach ${this.name}: no answer`);
    const now = Math.floor((this.#clock.date().getTime() + this.aheadMs) / 1000) * 1000;
    return { now: new Date(now), bootId: this.bootId, isRoot: true };
  }

  async pushes(): Promise<readonly PushRecord[]> {
    return this.diedPushes;
  }

  async addresses(): Promise<readonly string[]> {
    return ['10.0.0.1'];
  }

  async firstSocket(): Promise<string> {
    return SOCKET;
  }

  run(request: CommandRequest): Promise<CommandEnd> {
    return this.commands.run(request);
  }

  async ask(question: AddressQuestion): Promise<AddressAnswer> {
    if (this.isUnreachable) throw new Failure('unreachable', `Cannot reach ${this.name}: no answer`);
    return this.commands.ask(question);
  }
}

function missingIn({ status: [lowest, highest], headers = {}, body }: Extract<Probe, { kind: 'http' }>): string {
  const [header] = Object.keys(headers);
  if (lowest > 200 || highest < 200) return ' answers 200';
  if (header !== undefined) return ` answers without the header ${header}`;
  return !body || isIn(body, '') ? '' : ` answers without ${expectedText(body)}: ""`;
}

/** Hosts with three containers each on v1, under load, on virtual time. */
export class FakeFleet implements Fleet {
  readonly clock = new VirtualClock();
  readonly registry: Map<string, FakeImage>;
  readonly hosts: ReadonlyMap<string, FakeHost>;
  readonly events: RunEvent[] = [];
  readonly journal = new FakeJournal();
  /** What is run on the controller. */
  readonly commands = new FakeCommands(this.clock);
  readonly operator = new FakeOperator();
  readonly #stops = [new AbortController(), new AbortController(), new AbortController()] as const;

  private constructor(names: readonly string[]) {
    setMaxListeners(0, ...this.#stops.map(({ signal }) => signal));
    this.registry = new Map();
    this.addImage('v1', {});
    this.addImage('v2', {});
    this.hosts = new Map(names.map((name) => [name, new FakeHost(name, this.clock, this.registry)]));
  }

  static async up(names: readonly string[] = ['fe1', 'fe2', 'fe3']): Promise<FakeFleet> {
    const fleet = new FakeFleet(names);
    for (const host of fleet.hosts.values()) {
      await host.containers.pull({ reference: `${IMAGE}:v1` });
      for (const name of WEIGHTS.keys()) {
        const restart = { name: 'always', maximumRetryCount: 0 };
        await host.containers.create(name, { image: `${IMAGE}:v1`, pullPolicy: 'always', restart }, undefined);
        await host.containers.start(name);
      }
    }
    await fleet.clock.sleep(5_000, new AbortController().signal);
    // What failed while the containers came up is not of interest.
    for (const host of fleet.hosts.values()) host.haproxy.failures.length = 0;
    return fleet;
  }

  addImage(tag: string, behaviour: Behaviour): void {
    const image = { id: `sha256:id-${tag}`, digests: [`sha256:digest-${tag}`], healthcheck: { intervalMs: 100 } };
    this.registry.set(`${IMAGE}:${tag}`, { ...image, behaviour: { answersAfterMs: 700, ...behaviour } });
  }

  async host(name: string): Promise<FakeHost> {
    const host = this.hosts.get(name);
    if (!host || host.isUnreachable) throw new Failure('unreachable', `Cannot reach ${name}: connection refused`);
    return host;
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop.abort();
  }

  stop(times: 1 | 2 | 3): void {
    for (const level of this.#stops.slice(0, times)) level.abort(new Failure('interrupted', 'Stopped by SIGINT'));
  }

  context(onEvent: (event: RunEvent) => void = () => undefined): RunContext {
    const [beforeNext, forward, homeward] = this.#stops;
    return {
      ...{
        fleet: this,
        clock: this.clock,
        journal: this.journal,
        controller: this.commands,
        hide: (text: string) => text.replaceAll('sesame', '(hidden)'),
        forks: 10,
        identity: { run: '20261121-090000-test', by: 'ann@desk' },
      },
      operator: this.operator,
      locking: { machine: 'desk', pid: 1234, nonce: 'a', reason: 'rollout pxapp.yml', waitMs: 0, takeOver: false },
      random: () => 0.5,
      stop: { beforeNext: beforeNext.signal, forward: forward.signal, homeward: homeward.signal },
      report: (event) => {
        this.events.push(event);
        onEvent(event);
      },
    };
  }

  /** A play over all hosts and all their containers. */
  play(
    tag: string,
    over: Partial<Pick<Play, 'serial' | 'maxFailPercentage'>> & {
      readonly each?: Partial<Instance>;
      readonly policy?: Partial<Policy>;
    } = {},
  ): Play {
    const { serial = [{ percent: 35 }], maxFailPercentage = 0, each = {}, policy = {} } = over;
    return {
      ...{ name: 'Front ends', serial, maxFailPercentage, policy: { ...defaultPolicy, ...policy } },
      hosts: [...this.hosts.keys()].map((host) => ({
        host,
        instances: [...WEIGHTS.keys()].map((container, index) =>
          anInstance({
            ...{ host, container, spec: { image: `${IMAGE}:${tag}`, pullPolicy: 'always' } },
            ready: {
              probe: { kind: 'http', url: `http://127.0.0.1:${8081 + index}/health`, status: [200, 399] },
              ...{ withinMs: 10_000, everyMs: 250 },
            },
            ...each,
          }),
        ),
      })),
    };
  }

  failures(): readonly string[] {
    return [...this.hosts.values()].flatMap((host) =>
      host.haproxy.failures.map((failure) => `${host.name}: ${failure}`),
    );
  }

  /** What every server should look like when nothing is wrong. */
  isWhole(): boolean {
    const whole = Object.fromEntries([...WEIGHTS].map(([name, weight]) => [name, `${weight} ready UP`]));
    return [...this.hosts.values()].every(
      (host) => JSON.stringify(host.haproxy.weights()) === JSON.stringify(whole) && host.entries.length === 0,
    );
  }

  images(): readonly string[] {
    return [...this.hosts.values()].flatMap((host) =>
      host.containers
        .names()
        .map((name) => `${host.name} ${name} ${host.containers.imageOf(name)?.split(':').at(-1) ?? ''}`),
    );
  }
}
