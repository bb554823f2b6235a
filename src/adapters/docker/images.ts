import type Dockerode from 'dockerode';
import type { IncomingMessage } from 'node:http';
import { Failure } from '../../errors.ts';
import type { PullPolicy } from '../../rollout/model.ts';
import type { Image, RemoteImage } from '../../runner/ports.ts';
import { causeOfLoss } from './agent.ts';
import { unless, type Engine } from './engine.ts';
import type { InspectedImage } from './inspections.ts';

const INSPECT_WITHIN_MS = 15_000;
/** The Engine asks the registry, which may be far away. */
const REGISTRY_WITHIN_MS = 30_000;
/** A pull may take as long as it likes, but not be silent for longer than this. */
const SILENCE_MS = 120_000;
const PULL_WITHIN_MS = 3_600_000;

/** The images of one host, and what a registry has for it. */
export class Images {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** By reference or by id; undefined when the host does not have it. */
  async inspect(reference: string): Promise<InspectedImage | undefined> {
    return this.#engine.call({
      what: `inspect image ${reference}`,
      withinMs: INSPECT_WITHIN_MS,
      ask: (docker) => unless(404, inspected(docker, reference), undefined),
    });
  }

  async find(reference: string): Promise<Image | undefined> {
    const image = await this.inspect(reference);
    return image && imageOf(image, reference);
  }

  async remote(reference: string): Promise<RemoteImage> {
    return this.#engine.call({
      what: `ask the registry for ${reference}`,
      withinMs: REGISTRY_WITHIN_MS,
      async ask(docker) {
        const { Descriptor } = (await docker.getImage(reference).distribution()) as Distribution;
        return { digest: Descriptor.digest };
      },
    });
  }

  async pull(reference: string, policy: PullPolicy, signal: AbortSignal): Promise<Image> {
    const present = policy === 'always' ? undefined : await this.find(reference);
    if (present) return present;
    if (policy === 'never') throw this.#absent(reference, 'it is not on the host, and pull_policy is never');
    await this.#fetch(reference, signal);
    const image = await this.find(reference);
    if (!image) throw this.#absent(reference, 'the pull went well, but the image is not on the host');
    return image;
  }

  async #fetch(reference: string, signal: AbortSignal): Promise<void> {
    const silence = new Silence(SILENCE_MS);
    try {
      await this.#engine.call({
        what: `pull ${reference}`,
        withinMs: PULL_WITHIN_MS,
        signal: AbortSignal.any([signal, silence.signal]),
        async ask(docker, abortSignal) {
          const response = (await docker.pull(reference, { abortSignal })) as unknown as IncomingMessage;
          await followed(response, () => {
            silence.break();
          });
        },
      });
    } finally {
      silence.end();
    }
  }

  #absent(reference: string, why: string): Failure {
    return new Failure('docker', `Cannot use ${reference} on ${this.#engine.host}: ${why}`);
  }
}

interface Distribution {
  readonly Descriptor: { readonly digest: string };
}

async function inspected(docker: Dockerode, reference: string): Promise<InspectedImage> {
  return docker.getImage(reference).inspect();
}

/**
 * Reads a pull's progress to its end. The Engine has answered 200 by then: that the pull failed stands in the stream.
 */
async function followed(response: IncomingMessage, progressed: () => void): Promise<void> {
  let rest = '';
  try {
    for await (const chunk of response) {
      progressed();
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) complain(line);
    }
  } catch (error) {
    throw error instanceof Error ? causeOfLoss(response, error) : error;
  }
  complain(rest);
}

/** @throws Error with the Engine's words when this line of the progress says that the pull failed */
function complain(line: string): void {
  if (line.trim() === '') return;
  let progress: { readonly error?: unknown };
  try {
    progress = JSON.parse(line) as { readonly error?: unknown };
  } catch (error) {
    throw new Error(`the Engine's answer is garbled: ${line.slice(0, 80)}`, { cause: error });
  }
  if (typeof progress.error === 'string') throw new Error(progress.error);
}

/** Aborts when nothing broke it for a time. */
class Silence {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isBroken = false;

  constructor(limitMs: number) {
    this.#timer = setInterval(() => {
      if (!this.#isBroken) this.#abort.abort(new Error(`no progress for ${limitMs / 1000} s`));
      this.#isBroken = false;
    }, limitMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  break(): void {
    this.#isBroken = true;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

/** An image as the runner sees it; `reference` says of which repository the digests are asked. */
export function imageOf(image: InspectedImage, reference: string): Image {
  const test = image.Config?.Healthcheck?.Test ?? [];
  const hasHealthcheck = test.length > 0 && test[0] !== 'NONE';
  return { id: image.Id, digests: digestsOf(image, reference), hasHealthcheck };
}

/** The digests under which the image came from the repository that `reference` names, the one it names first. */
function digestsOf({ RepoDigests }: InspectedImage, reference: string): readonly string[] {
  const repository = repositoryOf(reference);
  const digests = (RepoDigests ?? [])
    .filter((name) => repositoryOf(name) === repository)
    .flatMap((name) => name.split('@').slice(1));
  const named = digests.filter((digest) => reference.endsWith(`@${digest}`));
  return [...new Set([...named, ...digests])];
}

/** Without tag and digest, and without what Docker adds to the names of its own registry. */
function repositoryOf(reference: string): string {
  const [name = ''] = reference.split('@', 1);
  return name
    .replace(/:[^:/]*$/, '')
    .replace(/^(index\.)?docker\.io\//, '')
    .replace(/^library\//, '');
}
