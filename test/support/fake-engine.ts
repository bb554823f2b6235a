import { Conflict, Failure } from '../../src/errors.ts';
import { byDigest } from '../../src/rollout/image-change.ts';
import type { ContainerSpec } from '../../src/rollout/container-spec.ts';
import type { Container, Health, Image, SettingChange } from '../../src/rollout/observed.ts';
import type { CommandEnd, CommandRequest } from '../../src/runner/ports/commands.ts';
import type {
  Clock,
  CommandResult,
  Containers,
  LoadRequest,
  Prospects,
  PullRequest,
  RemoteImage,
} from '../../src/runner/ports/ports.ts';
import { FakeCommands } from './fake-commands.ts';
import { behaviourOf, type FakeImage } from './fake-image.ts';
import { parsed } from './fake-snapshot.ts';

interface Running {
  readonly id: string;
  name: string;
  readonly reference: string;
  readonly image: FakeImage;
  readonly spec: ContainerSpec;
  starts: number;
  startedMs: number | undefined;
  stoppedMs: number | undefined;
  restart: Container['restart'];
}

/** A Docker Engine that runs nothing but knows what would be running. */
export class FakeEngine implements Containers {
  readonly #clock: Clock;
  readonly #registry: ReadonlyMap<string, FakeImage>;
  /** The images on the host, by what they are called there. */
  readonly #local = new Map<string, FakeImage>();
  #containers: Running[] = [];
  #nextId = 1;
  /** What is run in any of its containers. */
  readonly commands: FakeCommands;
  /** Called with a container's name just before it stops. */
  onStop: (name: string) => void = () => undefined;

  constructor(clock: Clock, registry: ReadonlyMap<string, FakeImage>) {
    this.#clock = clock;
    this.#registry = registry;
    this.commands = new FakeCommands(clock);
  }

  /** Whether the application in it answers requests at this moment. */
  answers(name: string): boolean {
    const one = this.#find(name);
    if (one?.startedMs === undefined || one.stoppedMs !== undefined) return false;
    const age = this.#clock.now() - one.startedMs;
    const { neverAnswers = false, answersAfterMs = 0, exitsAfterMs = Infinity } = behaviourOf(one);
    return !neverAnswers && age >= answersAfterMs && age < exitsAfterMs && !this.#hangs(one);
  }

  /** Whether what it answers is a 5xx. */
  errs(name: string): boolean {
    const one = this.#find(name);
    const { errsAfterMs = Infinity } = one ? behaviourOf(one) : {};
    return one?.startedMs !== undefined && this.#clock.now() - one.startedMs >= errsAfterMs;
  }

  names(): readonly string[] {
    return this.#containers.map(({ name }) => name).toSorted();
  }

  imageOf(name: string): string | undefined {
    return this.#find(name)?.reference;
  }

  async version(): Promise<string> {
    return '20.10.24';
  }

  async list(): Promise<readonly Container[]> {
    return this.#containers.map((one) => this.#seen(one));
  }

  async inspect(name: string): Promise<Container | undefined> {
    const one = this.#find(name);
    return one && this.#seen(one);
  }

  async image(reference: string): Promise<Image | undefined> {
    return this.#named(this.#local, reference);
  }

  async remoteImage(reference: string): Promise<RemoteImage> {
    const digest = this.#named(this.#registry, reference)?.digests[0];
    if (digest === undefined) throw new Failure('docker', `Cannot find ${reference}: manifest unknown`);
    return { digest };
  }

  async pull({
    reference,
    digest,
  }: Pick<PullRequest, 'reference'> & { readonly digest?: string | undefined }): Promise<Image> {
    const exact = digest === undefined ? reference : byDigest(reference, digest);
    await this.remoteImage(exact);
    const image = this.#imageNamed(exact);
    this.#local.set(reference, image);
    return image;
  }

  async load({ reference, image, onProgress }: LoadRequest): Promise<Image> {
    const present = this.#named(this.#local, image.id);
    if (!present) {
      if (typeof image.open === 'string') throw new Failure('docker', `Cannot load ${reference}: ${image.open}`);
      let current = 0;
      for await (const piece of image.open()) {
        current += piece.length;
        onProgress?.({ current, total: image.bytes });
      }
    }
    const loaded = present ?? this.#imageNamed(image.id);
    this.#local.set(reference, loaded);
    return loaded;
  }

  /** As `docker image rm`. */
  removeImage(reference: string): void {
    this.#local.delete(reference);
  }

  async prospects(): Promise<Prospects> {
    return { inTheWay: [], made: [] };
  }

  async changes(name: string, spec: ContainerSpec): Promise<readonly SettingChange[]> {
    const { user } = this.#must(name).spec;
    if (spec.user === undefined || spec.user === user) return [];
    return [{ setting: 'user', from: user ?? '', to: spec.user }];
  }

  async create(name: string, spec: ContainerSpec, like: string | undefined): Promise<void> {
    if (this.#find(name)) throw new Failure('docker', `Cannot create ${name}: the name is in use`);
    const inherited = like === undefined ? undefined : this.#must(like);
    this.#containers.push({
      ...{ id: `id-${this.#nextId++}`, name, reference: spec.image, image: this.#imageNamed(spec.image) },
      spec: { ...inherited?.spec, ...spec },
      ...{ starts: 0, startedMs: undefined, stoppedMs: undefined },
      restart: spec.restart ?? inherited?.restart ?? { name: 'no', maximumRetryCount: 0 },
    });
  }

  async snapshot(name: string): Promise<string> {
    const { image, reference, spec, restart } = this.#must(name);
    const settings = Object.entries({ ...spec, restart }).filter(([key]) => key !== 'image' && key !== 'pullPolicy');
    return JSON.stringify({ id: image.id, reference, settings: settings.toSorted() });
  }

  async createFrom(name: string, snapshot: string): Promise<void> {
    const { id, reference, settings } = parsed(snapshot);
    const names = [...this.#local].filter(([, { id: own }]) => own === id).map(([local]) => local);
    const image = names.includes(reference) ? reference : names[0];
    if (image === undefined) {
      throw new Failure('docker', `Cannot create container ${name} as it was before: its image ${reference} is gone`);
    }
    await this.create(name, { ...Object.fromEntries(settings), image, pullPolicy: 'never' }, undefined);
  }

  /** Nothing is ever put into its containers. */
  lostOf: Containers['lostOf'] = async () => undefined;
  holdsAlone: Containers['holdsAlone'] = async () => false;

  async isAsIn(name: string, snapshot: string): Promise<boolean> {
    const essence = (text: string): string => {
      const { id, settings } = parsed(text);
      return JSON.stringify({ id, settings });
    };
    return essence(await this.snapshot(name)) === essence(snapshot);
  }

  async start(name: string): Promise<void> {
    const one = this.#must(name);
    if (one.startedMs !== undefined && one.stoppedMs === undefined) return;
    one.starts += 1;
    one.startedMs = this.#clock.now();
    one.stoppedMs = undefined;
  }

  async stop(name: string): Promise<void> {
    const one = this.#must(name);
    if (one.startedMs === undefined || one.stoppedMs !== undefined) return;
    this.onStop(name);
    one.stoppedMs = this.#clock.now();
    await this.#clock.sleep(400, new AbortController().signal);
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.#find(to)) throw new Conflict('docker', `Cannot rename ${from} to ${to}: the name is in use`);
    this.#must(from).name = to;
  }

  async remove(name: string): Promise<void> {
    this.#containers = this.#containers.filter((one) => one.name !== name);
  }

  async setRestart(name: string, restart: Container['restart']): Promise<void> {
    this.#must(name).restart = restart;
  }

  async logs(name: string): Promise<readonly string[]> {
    const { startedMs, reference } = this.#must(name);
    return startedMs === undefined ? [] : [`last words of ${reference}`];
  }

  async run(name: string, request: CommandRequest): Promise<CommandEnd> {
    const { startedMs, stoppedMs } = this.#must(name);
    if (startedMs === undefined || stoppedMs !== undefined) {
      throw new Failure('docker', `Cannot run ${request.command[0] ?? ''} in container ${name}: it does not run`);
    }
    return this.commands.run({ ...request, env: { ...request.env, IN_CONTAINER: name } });
  }

  /** In a container that hangs a command does, too; and so does `sleep`. */
  async exec(name: string, [program = '']: readonly string[], withinMs: number): Promise<CommandResult> {
    if (program === 'sleep' || this.#hangs(this.#must(name))) {
      await this.#clock.sleep(withinMs, new AbortController().signal);
      const why = `it takes longer than ${withinMs / 1000} s`;
      throw new Failure('late', `Cannot run ${program} in container ${name}: ${why}`);
    }
    return this.answers(name) ? { exitCode: 0, output: '' } : { exitCode: 1, output: 'refused' };
  }

  #seen(one: Running): Container {
    const age = one.startedMs === undefined ? -1 : this.#clock.now() - one.startedMs;
    const { exitsAfterMs = Infinity, unhealthyAfterMs = Infinity } = behaviourOf(one);
    const hasExited = age >= exitsAfterMs;
    const hasRestarted = age >= (behaviourOf(one).restartsAfterMs ?? Infinity);
    const running = one.startedMs !== undefined && one.stoppedMs === undefined && !hasExited;
    const health = this.#healthOf(one, age >= unhealthyAfterMs);
    return {
      ...{
        id: one.id,
        name: one.name,
        running,
        status: running ? 'running' : one.startedMs === undefined ? 'created' : 'exited',
      },
      image: { ...one.image, reference: one.reference },
      ...{
        exitCode: hasExited ? 1 : 0,
        restartCount: hasRestarted || (hasExited && one.restart.name !== 'no') ? 1 : 0,
      },
      ...{
        startedAt: `${one.id} at ${one.startedMs ?? 'no time'}${hasRestarted ? ', again' : ''}`,
        health,
        healthOutput: '',
        isAutoRemoved: false,
      },
      restart: one.restart,
      published: (one.spec.ports ?? []).flatMap(({ hostIp, hostPort }) => (hostPort ? [{ hostIp, hostPort }] : [])),
    };
  }

  #healthOf(one: Running, isLate: boolean): Health {
    if (one.startedMs === undefined) return 'none';
    if (this.answers(one.name)) return 'healthy';
    return isLate ? 'unhealthy' : 'starting';
  }

  #imageNamed(reference: string): FakeImage {
    const image = this.#named(this.#local, reference) ?? this.#named(this.#registry, reference);
    if (!image) throw new Failure('docker', `Cannot find the image ${reference}`);
    return image;
  }

  /** By name, by id, or by digest as `repository@sha256:…`. */
  #named(images: ReadonlyMap<string, FakeImage>, reference: string): FakeImage | undefined {
    const [repository = '', digest] = reference.split('@');
    const found = [...images].find(([name, image]) =>
      digest === undefined ? image.id === reference : image.digests.includes(digest) && name.startsWith(repository),
    );
    return images.get(reference) ?? found?.[1];
  }

  #hangs(one: Running): boolean {
    const { hangsAfterMs = Infinity } = behaviourOf(one);
    return one.startedMs !== undefined && this.#clock.now() - one.startedMs >= hangsAfterMs;
  }

  #find(name: string): Running | undefined {
    return this.#containers.find((one) => one.name === name);
  }

  #must(name: string): Running {
    const one = this.#find(name);
    if (!one) throw new Failure('docker', `Cannot find the container ${name}`);
    return one;
  }
}
