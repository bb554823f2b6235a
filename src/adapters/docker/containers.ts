import type Dockerode from 'dockerode';
import pLimit from 'p-limit';
import { Failure, reasonOf } from '../../errors.ts';
import type { ContainerSpec } from '../../rollout/container-spec.ts';
import type {
  CommandResult,
  Container,
  Containers,
  Image,
  LoadRequest,
  PullRequest,
  Prospects,
  RemoteImage,
  SettingChange,
} from '../../runner/ports/ports.ts';
import type { CommandEnd, CommandRequest } from '../../runner/ports/commands.ts';
import type { Link } from '../link.ts';
import { noLogins } from '../login.ts';
import { changesOf } from './changes.ts';
import { Engine, inspected, isSure, unless } from './engine.ts';
import { executed } from './exec.ts';
import { linesOf, outputOf } from './frames.ts';
import { insideOf, type InsideContainer } from './inside.ts';
import { Images, type RegistryTerms } from './images.ts';
import type { InspectedContainer } from './inspections.ts';
import { obstaclesTo } from './obstacles.ts';
import { ranIn } from './run-in.ts';
import { containerOf, stopGraceMsOf } from './reading.ts';
import { asTarFile, PlacedFiles } from './placed-files.ts';
import { creationOf, type Creation, type Predecessor } from './recreate.ts';
import { withIds } from './modes.ts';
import { makeSurroundings, prospectsAround } from './surroundings.ts';
import { namesOf, parseSnapshot, sameCreation, snapshotOf, snapshotText, type Snapshot } from './snapshot.ts';
import type { TarFile } from '../tar-writer.ts';
import { withHolder } from './taken-port.ts';

/** Time limits, in milliseconds: what needs the disk or a process to start gets more. */
const LOOK_MS = 15_000;
const CHANGE_MS = 60_000;
/** On top of a container's own stop grace. */
const AFTER_GRACE_MS = 10_000;

/** Inspections of one listing under way at a time. */
const INSPECTIONS_AT_ONCE = 8;

interface Making extends Creation {
  readonly platform?: string | undefined;
  /** Put into it before it starts. */
  readonly files: readonly TarFile[];
  readonly sure: typeof isSure;
}

interface EngineOptions extends Partial<RegistryTerms> {
  readonly socket?: string;
}

/** The Docker Engine of one host, over its socket there. */
export class EngineContainers implements Containers {
  readonly #engine: Engine;
  readonly #images: Images;
  readonly #files: PlacedFiles;
  /** By the name of the container. */
  readonly #inside = new Map<string, InsideContainer>();

  constructor(link: Link, { socket = '/var/run/docker.sock', logins = noLogins, ...terms }: EngineOptions = {}) {
    this.#engine = new Engine(link, socket);
    this.#images = new Images(this.#engine, { ...terms, logins });
    this.#files = new PlacedFiles(this.#engine);
  }

  async version(): Promise<string> {
    return (await this.versions()).engine;
  }

  /** Its version, and the newest version of the API that it speaks. */
  async versions(): Promise<{ readonly engine: string; readonly api: string }> {
    const { Version, ApiVersion } = await this.#look('use Docker', (docker) => docker.version());
    return { engine: Version, api: ApiVersion };
  }

  async list(): Promise<readonly Container[]> {
    const found = await this.#look('list the containers', (docker, abortSignal) =>
      docker.listContainers({ all: true, abortSignal }),
    );
    const atOnce = pLimit(INSPECTIONS_AT_ONCE);
    const containers = await Promise.all(found.map(({ Id }) => atOnce(() => this.inspect(Id))));
    return containers.filter((container) => container !== undefined);
  }

  async inspect(name: string): Promise<Container | undefined> {
    const container = await this.#inspected(name);
    return container && containerOf(container, await this.#images.inspect(container.Image));
  }

  image(reference: string): Promise<Image | undefined> {
    return this.#images.find(reference);
  }

  remoteImage(reference: string): Promise<RemoteImage> {
    return this.#images.remote(reference);
  }

  async pull(request: PullRequest): Promise<Image> {
    return this.#images.pull(request);
  }

  async load(request: LoadRequest): Promise<Image> {
    return this.#images.load(request);
  }

  async prospects(spec: ContainerSpec): Promise<Prospects> {
    const [obstacles, around] = await Promise.all([
      obstaclesTo(spec, this.#engine),
      prospectsAround(spec.surroundings, this.#engine),
    ]);
    return { inTheWay: [...obstacles, ...around.inTheWay], made: around.made };
  }

  async changes(name: string, spec: ContainerSpec): Promise<readonly SettingChange[]> {
    const container = await this.#needed(name, `compare container ${name} with what is declared`);
    const image = await this.#images.inspect(container.Image);
    const resolved = await withIds(spec, (other) => this.#inspected(other));
    const settings = changesOf({ spec: resolved, container, image: image && (image.Config ?? {}), platform: image });
    return [...settings, ...(await this.#files.changes(container, spec.files))];
  }

  async create(name: string, spec: ContainerSpec, like: string | undefined, sure = isSure): Promise<void> {
    const what = `create container ${name}`;
    const predecessor = like === undefined ? undefined : await this.#predecessor(like, what);
    await makeSurroundings(spec.surroundings, this.#engine);
    const files = spec.files ? spec.files.map(asTarFile) : await this.#files.carriedOver(predecessor?.container, what);
    await this.#created(name, what, { ...creationOf(spec, predecessor), platform: spec.platform, files, sure });
  }

  async snapshot(name: string): Promise<string> {
    return snapshotText(await this.#snapshot(name, `read how container ${name} was created`));
  }

  async createFrom(name: string, snapshot: string, sure = isSure): Promise<void> {
    const what = `create container ${name} as it was before`;
    const { image, request, connections, files: marks } = this.#parsed(snapshot, what);
    const { files, lost } = await this.#files.withMarks(marks);
    if (lost !== undefined) throw new Failure('docker', `Cannot ${what} on ${this.#engine.host}: ${lost}`);
    for (const Image of namesOf(image)) {
      if ((await this.#images.inspect(Image))?.Id !== image.id) continue;
      await this.#created(name, what, { request: { ...request, Image }, connections, files, sure });
      return;
    }
    const why = `its image ${image.reference} (${image.id}) is not on the host any more`;
    throw new Failure('docker', `Cannot ${what} on ${this.#engine.host}: ${why}`);
  }

  async lostOf(snapshot: string): Promise<string | undefined> {
    return (await this.#files.withMarks(this.#parsed(snapshot, 'go back').files)).lost;
  }

  async holdsAlone(name: string): Promise<boolean> {
    const container = await this.#inspected(name);
    return container !== undefined && this.#files.isOnlyHolder(container);
  }

  async isAsIn(name: string, snapshot: string): Promise<boolean> {
    const what = `compare container ${name} with what it was before`;
    return sameCreation(await this.#snapshot(name, what), this.#parsed(snapshot, what));
  }

  async #snapshot(name: string, what: string): Promise<Snapshot> {
    const container = await this.#needed(name, what);
    const [image, files] = await Promise.all([this.#images.inspect(container.Image), this.#files.marks(container)]);
    return snapshotOf(container, image, files);
  }

  #parsed(snapshot: string, what: string): Snapshot {
    try {
      return parseSnapshot(snapshot);
    } catch (error) {
      const why = `the snapshot of it cannot be read: ${reasonOf(error)}`;
      throw new Failure('docker', `Cannot ${what} on ${this.#engine.host}: ${why}`, { cause: error });
    }
  }

  async #created(name: string, what: string, { request, connections, platform, files, sure }: Making): Promise<void> {
    await this.#change(what, async (docker, abortSignal) => {
      await sure();
      // Told apart like this, or docker-modem puts the whole request into the URL as well, secrets and all.
      const options: object = { _query: { name, ...(platform && { platform }) }, _body: request, abortSignal };
      const container = await docker.createContainer(options);
      try {
        for (const { network, request: endpoint } of connections) {
          const settings = { Container: container.id, EndpointConfig: endpoint, abortSignal };
          await docker.getNetwork(network).connect(settings as Dockerode.NetworkConnectOptions);
        }
        await this.#files.put(container.id, files);
      } catch (error) {
        // What went wrong is this; that the half-made container stays as well is for the next look.
        await Promise.allSettled([container.remove({ force: true, v: false })]);
        throw error;
      }
    });
  }

  async start(name: string): Promise<void> {
    try {
      await this.#change(`start container ${name}`, (docker, abortSignal) =>
        unless(304, docker.getContainer(name).start({ abortSignal }), undefined),
      );
    } catch (error) {
      throw await withHolder(this.#engine, error);
    }
  }

  /** By its id: the name may be another's by the time that it is asked. */
  async stop(name: string, sure = isSure): Promise<void> {
    const what = `stop container ${name}`;
    const container = await this.#needed(name, what);
    await this.#engine.call({
      what,
      withinMs: stopGraceMsOf(container) + AFTER_GRACE_MS,
      // Without a time of ours the Engine takes the container's own.
      ask: async (docker, abortSignal) => {
        await sure();
        await unless(304, docker.getContainer(container.Id).stop({ abortSignal }), undefined);
      },
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#change(`rename container ${from} to ${to}`, (docker, abortSignal) =>
      docker.getContainer(from).rename({ name: to, abortSignal }),
    );
  }

  async remove(name: string): Promise<void> {
    await this.#change(`remove container ${name}`, (docker, abortSignal) => {
      const options = { force: true, v: false, abortSignal };
      return unless(404, docker.getContainer(name).remove(options), undefined);
    });
  }

  async setRestart(name: string, restart: Container['restart']): Promise<void> {
    const RestartPolicy = { Name: restart.name, MaximumRetryCount: restart.maximumRetryCount };
    await this.#change(`set the restart policy of container ${name}`, (docker, abortSignal) =>
      docker.getContainer(name).update({ RestartPolicy, abortSignal }),
    );
  }

  async logs(name: string, lines: number): Promise<readonly string[]> {
    const what = `read the log of container ${name}`;
    const { Config } = await this.#needed(name, what);
    const raw = await this.#look(what, (docker, abortSignal) =>
      // With timestamps, since docker-modem would parse a log that is JSON as a whole.
      docker.getContainer(name).logs({ stdout: true, stderr: true, tail: lines, timestamps: true, abortSignal }),
    );
    return linesOf(outputOf(raw, Config.Tty === true)).map((line) => line.slice(line.indexOf(' ') + 1));
  }

  exec(name: string, command: readonly string[], withinMs: number): Promise<CommandResult> {
    return executed({ engine: this.#engine, name, command, withinMs });
  }

  run(name: string, request: CommandRequest): Promise<CommandEnd> {
    return ranIn(this.#engine, name, request);
  }

  /** See `InsideContainer`. */
  inside(name: string): InsideContainer {
    const inside = this.#inside.get(name) ?? insideOf(this.#engine, name, () => this.#inspected(name));
    this.#inside.set(name, inside);
    return inside;
  }

  async #predecessor(name: string, what: string): Promise<Predecessor> {
    const container = await this.#needed(name, `${what} like ${name}`);
    const image = await this.#images.inspect(container.Image);
    if (image) return { container, image: image.Config ?? {} };
    const why =
      `container ${name} is to be its model, but the image that one was made from (${container.Image}) is no ` +
      'longer on the host, so that its own settings cannot be told from those of the image';
    throw new Failure('docker', `Cannot ${what} on ${this.#engine.host}: ${why}`);
  }

  async #inspected(name: string): Promise<InspectedContainer | undefined> {
    return this.#look(`inspect container ${name}`, (docker, abortSignal) =>
      unless(404, inspected(docker, name, abortSignal), undefined),
    );
  }

  async #needed(name: string, what: string): Promise<InspectedContainer> {
    const container = await this.#inspected(name);
    if (!container) throw new Failure('docker', `Cannot ${what} on ${this.#engine.host}: there is no such container`);
    return container;
  }

  #look<T>(what: string, ask: (docker: Dockerode, abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#engine.call({ what, withinMs: LOOK_MS, ask });
  }

  async #change(what: string, ask: (docker: Dockerode, abortSignal: AbortSignal) => Promise<unknown>): Promise<void> {
    await this.#engine.call({ what, withinMs: CHANGE_MS, ask });
  }
}
