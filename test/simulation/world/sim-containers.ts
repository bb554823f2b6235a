import { byDigest } from '../../../src/rollout/image-change.ts';
import type { ContainerSpec, PullPolicy } from '../../../src/rollout/container-spec.ts';
import type { Container, Image, SettingChange } from '../../../src/rollout/observed.ts';
import { Failure } from '../../../src/errors.ts';
import type {
  CommandResult,
  Containers,
  LoadRequest,
  Prospects,
  PullRequest,
  RemoteImage,
} from '../../../src/runner/ports/ports.ts';
import type { CommandEnd, CommandRequest } from '../../../src/runner/ports/commands.ts';
import type { Controller } from './controller.ts';
import { simulated } from './sim-commands.ts';
import type { SimHost } from './host.ts';

const STOPS_WITHIN_MS = 250;
/** Its grace and some time, as the adapter waits for it. */
const STOP_GIVEN_UP_MS = 20_000;
const PULLS_WITHIN_MS = 40;

/**
 * The containers of a host as one controller sees them. A method that is new in `Containers` goes here: as a look, or
 * as a change that names the container, so that the watchman sees it.
 */
export class SimContainers implements Containers {
  readonly #controller: Controller;
  readonly #host: SimHost;

  constructor(controller: Controller, host: SimHost) {
    this.#controller = controller;
    this.#host = host;
  }

  version(): Promise<string> {
    return this.#look('version', () => '20.10.24');
  }

  list(): Promise<readonly Container[]> {
    const { engine } = this.#host;
    return this.#look('list', () => engine.containers.map((one) => engine.seen(one)));
  }

  inspect(name: string): Promise<Container | undefined> {
    const { engine } = this.#host;
    return this.#look(`inspect ${name}`, () => {
      const one = engine.find(name);
      return one && engine.seen(one);
    });
  }

  image(reference: string): Promise<Image | undefined> {
    return this.#look('image', () => plain(this.#host.engine.localImage(reference)));
  }

  remoteImage(reference: string): Promise<RemoteImage> {
    return this.#look('remoteImage', () => ({ digest: this.#registryImage(reference).digests[0] ?? '' }));
  }

  pull({ reference, policy, digest }: PullRequest): Promise<Image> {
    return this.#controller.call(this.#host, {
      ...{ name: `pull ${reference}`, service: 'docker', takesMs: PULLS_WITHIN_MS },
      run: () => {
        const local = this.#host.engine.localImage(reference);
        const image = policy === 'always' || !local ? this.#pulled(reference, policy, digest) : local;
        return plain(image) ?? image;
      },
    });
  }

  /** What the stories load is what the registry has under that name. */
  load({ reference }: LoadRequest): Promise<Image> {
    return this.#controller.call(this.#host, {
      ...{ name: `load ${reference}`, service: 'docker', takesMs: PULLS_WITHIN_MS },
      run: () => {
        const image = this.#host.engine.localImage(reference) ?? this.#host.engine.pull(reference);
        return plain(image) ?? image;
      },
    });
  }

  changes(name: string, spec: ContainerSpec): Promise<readonly SettingChange[]> {
    return this.#look(`changes ${name}`, () => {
      const { spec: is, port } = this.#host.engine.must(name);
      const wanted = spec.ports?.[0]?.hostPort ?? port;
      return [
        ...(spec.user === undefined || spec.user === is.user
          ? []
          : [{ setting: 'user', from: is.user ?? '', to: spec.user }]),
        ...(wanted === port ? [] : [{ setting: 'ports', from: String(port), to: String(wanted) }]),
      ];
    });
  }

  /** Nothing that the stories declare depends on the host. */
  async prospects(): Promise<Prospects> {
    return { inTheWay: [], made: [] };
  }

  async create(name: string, spec: ContainerSpec, like: string | undefined): Promise<void> {
    await this.#change('create', name, () => void this.#host.engine.create(name, spec, like));
  }

  snapshot(name: string): Promise<string> {
    return this.#look(`snapshot of ${name}`, () => this.#host.engine.snapshot(name));
  }

  async createFrom(name: string, snapshot: string): Promise<void> {
    await this.#change('create', name, () => void this.#host.engine.createFrom(name, snapshot));
  }

  /** Nothing is ever put into its containers. */
  async lostOf(): Promise<string | undefined> {
    return undefined;
  }

  async holdsAlone(): Promise<boolean> {
    return false;
  }

  isAsIn(name: string, snapshot: string): Promise<boolean> {
    return this.#look(`compare ${name}`, () => this.#host.engine.snapshot(name) === snapshot);
  }

  async start(name: string): Promise<void> {
    await this.#change('start', name, () => {
      this.#host.engine.start(name);
    });
  }

  async stop(name: string): Promise<void> {
    const { engine } = this.#host;
    const { timeline } = this.#controller.world;
    await this.#controller.call(this.#host, {
      ...{ name: `stop ${name}`, service: 'docker', takesMs: STOPS_WITHIN_MS, withinMs: STOP_GIVEN_UP_MS },
      change: { what: 'container', verb: 'stop', name },
      run: () => {
        const { id } = engine.must(name);
        engine.stop(name);
        timeline.after(STOPS_WITHIN_MS - 1, () => {
          engine.exited(id);
        });
      },
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#change('rename', from, () => {
      this.#host.engine.rename(from, to);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#change('remove', name, () => {
      this.#host.engine.remove(name);
    });
  }

  async setRestart(name: string, restart: Container['restart']): Promise<void> {
    await this.#change('setRestart', name, () => {
      this.#host.engine.must(name).restart = restart;
    });
  }

  logs(name: string): Promise<readonly string[]> {
    return this.#look(`logs ${name}`, () => (this.#host.engine.must(name).starts === 0 ? [] : ['last words']));
  }

  exec(name: string, [program]: readonly string[]): Promise<CommandResult> {
    return this.#look(`exec in ${name}`, () => {
      const { status, answers } = this.#host.engine.must(name);
      if (status !== 'running') throw new Failure('docker', `Cannot run a command in ${name}: it does not run`);
      if (program === 'sleep') throw new Failure('late', `Cannot run a command in ${name}: it takes too long`);
      return answers ? { exitCode: 0, output: '' } : { exitCode: 1, output: 'refused' };
    });
  }

  run(name: string, { command, withinMs }: CommandRequest): Promise<CommandEnd> {
    const { takesMs, end } = simulated(command, withinMs);
    return this.#controller.call(this.#host, {
      ...{ name: `run ${command.join(' ')} in ${name}`, service: 'docker', takesMs },
      run: () => {
        const { status } = this.#host.engine.must(name);
        if (status !== 'running') throw new Failure('docker', `Cannot run a command in ${name}: it does not run`);
        return end;
      },
    });
  }

  #pulled(reference: string, policy: PullPolicy, digest: string | undefined) {
    if (policy === 'never') throw new Failure('docker', `Cannot use ${reference}: it is not there`);
    this.#registryImage(digest === undefined ? reference : byDigest(reference, digest));
    return this.#host.engine.pull(reference);
  }

  #registryImage(reference: string) {
    if (this.#controller.world.isRegistryDown) {
      throw new Failure('docker', `Cannot find ${reference}: the registry does not answer`);
    }
    return this.#host.engine.registryImage(reference);
  }

  #look<T>(name: string, run: () => T): Promise<T> {
    return this.#controller.call(this.#host, { name, service: 'docker', run });
  }

  async #change(verb: string, name: string, run: () => void): Promise<void> {
    const change = { what: 'container' as const, verb, name };
    await this.#controller.call(this.#host, { name: `${verb} ${name}`, service: 'docker', change, run });
  }
}

function plain(image: (Image & { readonly behaviour?: unknown }) | undefined): Image | undefined {
  return image && { id: image.id, digests: image.digests, healthcheck: image.healthcheck };
}
