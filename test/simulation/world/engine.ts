import { Conflict, Failure } from '../../../src/errors.ts';
import type { ContainerSpec } from '../../../src/rollout/container-spec.ts';
import type { Container, Health } from '../../../src/rollout/observed.ts';
import { behaviourOf, type SimContainer, type SimImage } from './sim-container.ts';
import type { Timeline } from './timeline.ts';

export type { Behaviour, SimContainer, SimImage } from './sim-container.ts';

const RESTARTS_AFTER_MS = 300;

/** A Docker Engine that runs nothing but knows what would be running. */
export class SimEngine {
  readonly #timeline: Timeline;
  readonly #registry: ReadonlyMap<string, SimImage>;
  readonly #local = new Set<string>();
  #containers: SimContainer[] = [];
  #nextId = 1;
  isDown = false;
  /** Nothing runs until it is started again; else, when it is down, its containers go on without it. */
  isOff = false;
  /** Told when the application behind a port begins or ceases to answer. */
  onAnswers: (port: number) => void = () => undefined;
  /** Told just before one that runs is brought down because somebody asked for it. */
  onStopAsked: (container: SimContainer) => void = () => undefined;

  constructor(timeline: Timeline, registry: ReadonlyMap<string, SimImage>) {
    this.#timeline = timeline;
    this.#registry = registry;
  }

  get containers(): readonly SimContainer[] {
    return this.#containers;
  }

  find(name: string): SimContainer | undefined {
    return this.#containers.find((one) => one.name === name);
  }

  /** Who listens on the port, whether it answers or not; 0 is no port. */
  at(port: number): SimContainer | undefined {
    return port === 0 ? undefined : this.#containers.find((one) => one.port === port && one.status === 'running');
  }

  localImage(reference: string): SimImage | undefined {
    if (this.#local.has(reference)) return this.#registry.get(reference);
    return [...this.#local].map((name) => this.#registry.get(name)).find((image) => image?.id === reference);
  }

  registryImage(reference: string): SimImage {
    const image = this.#registry.get(reference) ?? this.#byDigest(reference);
    if (!image) throw new Failure('docker', `Cannot find ${reference}: manifest unknown`);
    return image;
  }

  #byDigest(reference: string): SimImage | undefined {
    const [, digest] = reference.split('@');
    return [...this.#registry.values()].find(({ digests }) => digest !== undefined && digests.includes(digest));
  }

  /** Whether what runs there answers requests with errors. */
  errs(port: number): boolean {
    const one = this.at(port);
    const afterMs = one && behaviourOf(one).errsAfterMs;
    return one !== undefined && afterMs !== undefined && this.#timeline.nowMs - one.startedMs >= afterMs;
  }

  pull(reference: string): SimImage {
    const image = this.registryImage(reference);
    this.#local.add(reference);
    return image;
  }

  create(name: string, spec: ContainerSpec, like: string | undefined): SimContainer {
    if (this.find(name)) throw new Failure('docker', `Cannot create ${name}: the name is in use`);
    const inherited = like === undefined ? undefined : this.must(like);
    const image = this.localImage(spec.image);
    if (!image) throw new Failure('docker', `Cannot create ${name}: no such image ${spec.image}`);
    const declared = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
    const container: SimContainer = {
      id: `id-${this.#nextId++}`,
      name,
      reference: spec.image,
      image,
      spec: { ...inherited?.spec, ...declared, image: spec.image, pullPolicy: spec.pullPolicy },
      port: spec.ports?.[0]?.hostPort ?? inherited?.port ?? 0,
      status: 'created',
      exitCode: 0,
      restartCount: 0,
      restart: spec.restart ?? inherited?.restart ?? { name: 'no', maximumRetryCount: 0 },
      startedMs: 0,
      firstStartedMs: 0,
      starts: 0,
      wasStopped: false,
      isRestarting: false,
      answers: false,
      isBroken: false,
      brokeMs: -Infinity,
      coming: undefined,
    };
    this.#containers.push(container);
    return container;
  }

  /** How it was created, as text. */
  snapshot(name: string): string {
    const { spec, port, restart } = this.must(name);
    return JSON.stringify({ spec, port, restart });
  }

  createFrom(name: string, snapshot: string): SimContainer {
    const { spec, port, restart } = JSON.parse(snapshot) as Pick<SimContainer, 'spec' | 'port' | 'restart'>;
    const ports = [{ hostIp: '', hostPort: port, containerPort: 8080, protocol: 'tcp' as const }];
    return this.create(name, { ...spec, ports, restart }, undefined);
  }

  start(name: string): void {
    const one = this.must(name);
    if (one.status === 'running') return;
    one.isBroken = false;
    this.#run(one);
  }

  /** It ceases to answer at once, and has exited when `exited` is called. */
  stop(name: string): void {
    const one = this.must(name);
    one.wasStopped = true;
    one.isRestarting = false;
    if (one.status !== 'running') {
      this.#timeline.cancel(one.coming);
      return;
    }
    this.onStopAsked(one);
    one.isBroken = false;
    this.#setAnswers(one, false);
    this.#timeline.cancel(one.coming);
  }

  /** The end of what `stop` began. */
  exited(id: string): void {
    const one = this.#containers.find((candidate) => candidate.id === id);
    if (one?.wasStopped && one.status === 'running') this.#exit(one, 0);
  }

  rename(from: string, to: string): void {
    const one = this.must(from);
    if (this.find(to)) throw new Conflict('docker', `Cannot rename ${from} to ${to}: the name is in use`);
    one.name = to;
  }

  remove(name: string): void {
    const one = this.find(name);
    if (!one) return;
    if (one.status === 'running') {
      if (!one.wasStopped) this.onStopAsked(one);
      one.isBroken = false;
      this.#exit(one, 137);
    }
    this.#timeline.cancel(one.coming);
    this.#containers = this.#containers.filter((other) => other !== one);
  }

  /** Its process dies; the Engine starts it again where its policy says so. */
  crash(name: string): void {
    const one = this.find(name);
    if (one?.status !== 'running') return;
    this.#breaks(one);
    this.#exit(one, 1);
    if (one.restart.name !== 'no' && !one.wasStopped) this.#restartSoon(one);
  }

  /** Everything on the host is gone from one moment to the next. */
  powerOff(): void {
    this.isDown = true;
    this.isOff = true;
    for (const one of this.#containers) {
      this.#timeline.cancel(one.coming);
      one.isRestarting = false;
      if (one.status !== 'running') continue;
      this.#breaks(one);
      this.#exit(one, 137);
    }
  }

  /** The Engine starts what its policies say: `always` also what was stopped. */
  powerOn(): void {
    this.isDown = false;
    if (!this.isOff) return;
    this.isOff = false;
    for (const one of this.#containers) {
      const { name } = one.restart;
      const isWanted = name === 'always' || (name === 'unless-stopped' && !one.wasStopped);
      if (one.starts > 0 && isWanted && !this.at(one.port)) this.#run(one);
    }
  }

  /** The container as Docker would show it. */
  seen(one: SimContainer): Container {
    return {
      id: one.id,
      name: one.name,
      running: one.status === 'running' || one.isRestarting,
      status: one.status,
      image: {
        reference: one.reference,
        id: one.image.id,
        digests: one.image.digests,
        healthcheck: { intervalMs: 100 },
      },
      exitCode: one.exitCode,
      restartCount: one.restartCount,
      restart: one.restart,
      startedAt: `start ${one.starts} of ${one.id}`,
      health: this.#healthOf(one),
      healthOutput: '',
      isAutoRemoved: false,
      published: [{ hostIp: '', hostPort: one.port }],
    };
  }

  must(name: string): SimContainer {
    const one = this.find(name);
    if (!one) throw new Failure('docker', `Cannot find the container ${name}`);
    return one;
  }

  #run(one: SimContainer): void {
    if (this.at(one.port)) throw new Failure('docker', `Cannot start ${one.name}: port ${one.port} is allocated`);
    one.status = 'running';
    one.startedMs = this.#timeline.nowMs;
    one.wasStopped = false;
    one.isRestarting = false;
    if (one.starts === 0) one.firstStartedMs = this.#timeline.nowMs;
    one.starts += 1;
    const { answersAfterMs, neverAnswers = false, exitsAfterMs, unhealthyAfterMs } = behaviourOf(one);
    // What has answered before, and does not again, has broken by itself.
    if (neverAnswers && one.starts > 1) this.#breaks(one);
    const fallsOver = (): void => {
      const ms = exitsAfterMs ?? unhealthyAfterMs;
      if (ms === undefined) return;
      one.coming = this.#timeline.after(ms - (this.#timeline.nowMs - one.startedMs), () => {
        this.#breaks(one);
        if (exitsAfterMs !== undefined) this.crash(one.name);
        else this.#setAnswers(one, false);
      });
    };
    if (neverAnswers) {
      fallsOver();
      return;
    }
    one.coming = this.#timeline.after(answersAfterMs, () => {
      one.isBroken = false;
      this.#setAnswers(one, true);
      fallsOver();
    });
  }

  #breaks(one: SimContainer): void {
    one.isBroken = true;
    one.brokeMs = this.#timeline.nowMs;
  }

  #exit(one: SimContainer, exitCode: number): void {
    this.#timeline.cancel(one.coming);
    one.status = 'exited';
    one.exitCode = exitCode;
    this.#setAnswers(one, false);
  }

  #restartSoon(one: SimContainer): void {
    one.isRestarting = true;
    one.coming = this.#timeline.after(RESTARTS_AFTER_MS, () => {
      one.isRestarting = false;
      if (one.wasStopped || one.status === 'running' || this.at(one.port)) return;
      one.restartCount += 1;
      this.#run(one);
    });
  }

  #setAnswers(one: SimContainer, answers: boolean): void {
    if (one.answers === answers) return;
    one.answers = answers;
    this.onAnswers(one.port);
  }

  #healthOf(one: SimContainer): Health {
    if (one.starts === 0) return 'none';
    if (one.answers) return 'healthy';
    const { unhealthyAfterMs = Infinity } = behaviourOf(one);
    return this.#timeline.nowMs - one.startedMs >= unhealthyAfterMs ? 'unhealthy' : 'starting';
  }
}
