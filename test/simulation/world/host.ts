import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import type { Archived, LockOwner, RecordEntry } from '../../../src/runner/ports/ports.ts';
import { FakeJobs } from '../../support/fake-jobs.ts';
import type { PushRecord } from '../../../src/runner/ports/config-port.ts';
import type { SimConfig } from './config-file.ts';
import { homeOf, HOST_PORT } from './fronts.ts';
import { SimEngine, type SimImage } from './engine.ts';
import { Hanging } from './hanging.ts';
import { SimHaproxy, type Checking } from './haproxy.ts';
import type { Timeline } from './timeline.ts';
import type { Request, ServerLine, Slot, Worker } from './worker.ts';

/** Nothing ever answers there. */
export const NOWHERE = 9999;

export const IMAGE = 'registry.lab:5000/pxapp';
/** What reboots a host, as a line for its shell. */
export const REBOOT = 'reboot';

export interface ContainerSetting {
  readonly name: string;
  readonly port: number;
  readonly restart: string;
  /** It is replaced `start-first`: the port that it has in its other slot, where it begins in the one of `port`. */
  readonly otherPort?: number;
  /** It is not there yet: its server has nothing behind it. */
  readonly isNew?: boolean;
}

export interface HostSetting {
  readonly name: string;
  readonly containers: readonly ContainerSetting[];
  readonly servers: readonly ServerLine[];
  /** Weights set at runtime, which a reload takes away, by path. */
  readonly weights: Readonly<Record<string, number>>;
  readonly checking: Checking;
  /** The least number of usable servers that the playbook asks for, in every backend. */
  readonly floor: number;
  /** Milliseconds between two requests, on average. */
  readonly requestEveryMs: number;
  /** How long those take that take long, at least and at most. */
  readonly longRequestMs: readonly [number, number];
}

/** A request that was in hand, and where. */
export interface Cut {
  readonly at: SimHost;
  readonly slot: Slot;
  readonly worker: Worker;
  readonly request: Request;
}

export interface HeldLock {
  readonly holder: string;
  readonly by: number;
  readonly sinceMs: number;
}

/** One machine: its Engine, its HAProxy, its files, and the network to it. */
export class SimHost {
  readonly name: string;
  readonly setting: HostSetting;
  readonly engine: SimEngine;
  readonly haproxy: SimHaproxy;
  readonly #timeline: Timeline;
  /** All hosts, by name. */
  readonly fleet: ReadonlyMap<string, SimHost>;
  #fronts: readonly SimHost[] | undefined;
  /** `record.json`. */
  record: readonly RecordEntry[] = [];
  /** `record.order`: the number of the last write. */
  recordOrder = 0;
  /** What a push of HAProxy's configuration keeps there: its record, and the file before. */
  readonly pushing: { record: PushRecord | undefined; before: SimConfig | undefined; turn: number } = {
    ...{ record: undefined, before: undefined },
    turn: 0,
  };
  /** What runs have found, by run and container. */
  readonly archive = new Map<string, Archived>();
  /** The kernel's. */
  lock: HeldLock | undefined;
  /** `lock.json`. */
  lockedBy: LockOwner | undefined;
  readonly hanging = new Hanging();
  isUnreachable = false;
  /** Nothing runs on it, nothing can be started, and nobody reaches it. */
  isOff = false;
  #boots = 1;
  /** What runs there by itself. */
  readonly jobs: FakeJobs;
  /** Told when somebody has begun to reboot it. */
  onReboot: () => void = () => undefined;
  /** The last moment at which something happened to it that nobody asked for. */
  disturbedMs = -Infinity;

  constructor(
    timeline: Timeline,
    setting: HostSetting,
    {
      registry,
      fleet,
    }: { readonly registry: ReadonlyMap<string, SimImage>; readonly fleet: ReadonlyMap<string, SimHost> },
  ) {
    this.#timeline = timeline;
    this.fleet = fleet;
    this.name = setting.name;
    this.setting = setting;
    this.engine = new SimEngine(timeline, registry);
    this.jobs = new FakeJobs({ now: () => timeline.nowMs });
    this.jobs.programs.set(`sleep 1; ${REBOOT}`, () => this.onReboot());
    this.engine.pull(`${IMAGE}:v1`);
    for (const { name, port, restart, isNew = false } of setting.containers) {
      if (isNew) continue;
      const spec = { image: `${IMAGE}:v1`, pullPolicy: 'never' as const, ports: portsOf(port) };
      this.engine.create(name, { ...spec, restart: { name: restart, maximumRetryCount: 0 } }, undefined);
      this.engine.start(name);
    }
    this.haproxy = new SimHaproxy(timeline, setting.servers, {
      checking: setting.checking,
      answers: ({ name, port }) => homeOf(this, name).answers(port),
      errs: ({ name, port }) => homeOf(this, name).engine.errs(port),
    });
    for (const [path, weight] of Object.entries(setting.weights)) {
      const slot = this.haproxy.current.slots.get(path);
      if (slot) slot.weight = weight;
    }
    this.engine.onAnswers = (port) => this.#checkAgain(port);
    this.haproxy.onAnswers = () => this.#checkAgain(HOST_PORT);
  }

  #checkAgain(port: number): void {
    for (const at of this.fronts) at.haproxy.checkAgain(this.#isBehind(at, port));
  }

  /** The hosts whose HAProxys have servers for its containers, or for the whole of it. */
  get fronts(): readonly SimHost[] {
    this.#fronts ??= [...this.fleet.values()].filter((at) =>
      at.setting.servers.some(({ name }) => homeOf(at, name) === this),
    );
    return this.#fronts;
  }

  #isBehind(at: SimHost, port: number): (line: ServerLine) => boolean {
    return (line) => line.port === port && homeOf(at, line.name) === this;
  }

  /** Whatever is in hand for the container that has this port ends here; tells what that was. */
  cut(port: number): readonly Cut[] {
    return this.fronts.flatMap((at) => at.haproxy.cut(this.#isBehind(at, port)).map((lost) => ({ at, ...lost })));
  }

  /** As its servers in other hosts' HAProxys have it. */
  get address(): string {
    return `10.0.0.${[...this.fleet.keys()].indexOf(this.name) + 1}`;
  }

  /** Servers that are no container of ours are somebody else's, and answer unless they are made to fail. */
  readonly failing = new Set<number>([NOWHERE]);

  answers(port: number): boolean {
    if (containerAt(this, port)) {
      return this.engine.at(port)?.answers ?? false;
    }
    if (port === HOST_PORT) return !this.haproxy.isDown;
    return !this.failing.has(port);
  }

  disturb(): void {
    this.disturbedMs = this.#timeline.nowMs;
  }

  powerOff(): void {
    this.disturb();
    this.jobs.cutOff();
    this.isOff = true;
    for (const service of ['docker', 'haproxy'] as const) this.hanging.lose(service);
    this.haproxy.stop();
    this.engine.powerOff();
    this.lock = undefined;
  }

  get bootId(): string {
    return `boot-${this.#boots}`;
  }

  powerOn(): void {
    this.disturb();
    this.#boots += 1;
    this.isOff = false;
    this.haproxy.start();
    this.engine.powerOn();
  }
}

/** The container that is to be behind a port, in whichever slot. */
export function containerAt({ setting }: SimHost, port: number): ContainerSetting | undefined {
  return setting.containers.find((one) => one.port === port || one.otherPort === port);
}

/** Whether nothing bore the name in the beginning. */
export function isNew({ setting }: SimHost, container: string): boolean {
  return setting.containers.some((one) => one.name === container && one.isNew === true);
}

/** Its container publishes the port that servers point at. */
export function portsOf(port: number): NonNullable<ContainerSpec['ports']> {
  return [{ hostIp: '', hostPort: port, containerPort: 8080, protocol: 'tcp' }];
}
