import type Dockerode from 'dockerode';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Failure } from '../../errors.ts';
import { byDigest, isImageId, splitTag } from '../../rollout/image-change.ts';
import type { Image, LoadableImage, LoadRequest, PullRequest, RemoteImage } from '../../runner/ports/ports.ts';
import type { Logins } from '../login.ts';
import { declaredOf } from './declared.ts';
import { unless, type Engine } from './engine.ts';
import type { InspectedImage } from './inspections.ts';
import { followed, Silence } from './pull-progress.ts';
import { AGAIN_AFTER_MS, askRegistry } from './registry-calls.ts';

const INSPECT_WITHIN_MS = 15_000;
/** The Engine asks the registry, which may be far away. */
const REGISTRY_WITHIN_MS = 30_000;
/** A pull may take as long as it likes, but not be silent for longer than this. */
const SILENCE_MS = 120_000;
const PULL_WITHIN_MS = 3_600_000;

export interface RegistryTerms {
  /** Who asks the registries. */
  readonly logins: Logins;
  /** Milliseconds before each further attempt, when a registry cannot be asked for the moment. */
  readonly againAfterMs?: readonly number[];
  /** Milliseconds in which it has to tell of an image. */
  readonly registryWithinMs?: number;
}

/** The images of one host, and what a registry has for it. */
export class Images {
  readonly #engine: Engine;
  readonly #registry: { readonly logins: Logins; readonly againAfterMs: readonly number[] };
  readonly #registryWithinMs: number;

  constructor(
    engine: Engine,
    { logins, againAfterMs = AGAIN_AFTER_MS, registryWithinMs = REGISTRY_WITHIN_MS }: RegistryTerms,
  ) {
    this.#engine = engine;
    this.#registry = { logins, againAfterMs };
    this.#registryWithinMs = registryWithinMs;
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
    return askRegistry(reference, { ...this.#registry, isShort: true }, async (login) =>
      this.#engine.call({
        what: `ask the registry for ${reference}`,
        withinMs: this.#registryWithinMs,
        async ask(docker) {
          const { Descriptor } = (await docker.getImage(reference).distribution(login)) as Distribution;
          return { digest: Descriptor.digest };
        },
      }),
    );
  }

  async pull(request: PullRequest): Promise<Image> {
    const { reference, policy, digest, platform } = request;
    const found = await this.inspect(reference);
    const isFitting = platform === undefined || platformOf(found ?? {}, platform) === platform;
    const present = found && (isFitting || policy === 'never') ? imageOf(found, reference) : undefined;
    if (present && (policy !== 'always' || (digest !== undefined && present.digests.includes(digest)))) return present;
    if (policy === 'never') throw this.#absent(reference, 'it is not on the host, and pull_policy is never');
    await this.#fetch(request);
    const image = await this.find(reference);
    if (!image) throw this.#absent(reference, 'the pull went well, but the image is not on the host');
    return image;
  }

  async load(request: LoadRequest): Promise<Image> {
    const { reference, image } = request;
    const present = await this.#oneOf(image);
    if (!present) await this.#send(request);
    const loaded = present ?? (await this.#oneOf(image));
    if (!loaded) {
      const why = `the Engine has taken it, and knows none of ${image.ids.join(', ')}`;
      throw new Failure('docker', `Cannot load ${reference} on ${this.#engine.host}: ${why}`);
    }
    if (!isImageId(reference) && (await this.inspect(reference))?.Id !== loaded.Id)
      await this.#name(loaded.Id, reference);
    return imageOf(loaded, reference);
  }

  async #oneOf({ ids }: LoadableImage): Promise<InspectedImage | undefined> {
    for (const id of ids) {
      const found = await this.inspect(id);
      if (found) return found;
    }
    return undefined;
  }

  async #send({ reference, image: { open, bytes, from }, signal, onProgress }: LoadRequest): Promise<void> {
    if (typeof open === 'string') throw this.#absent(reference, `it is not on the host, and ${from} ${open}`);
    const silence = new Silence(SILENCE_MS);
    const counted = Readable.from(
      passing(open(), (current) => {
        silence.break();
        onProgress?.({ current, total: bytes });
      }),
      { objectMode: false },
    );
    try {
      await this.#engine.call({
        what: `load ${reference}`,
        withinMs: PULL_WITHIN_MS,
        signal: AbortSignal.any([signal, silence.signal]),
        async ask(docker, abortSignal) {
          const answer = (await docker.loadImage(counted, { abortSignal })) as unknown as IncomingMessage;
          await followed(answer, () => {
            silence.break();
          });
        },
      });
    } finally {
      silence.end();
      // A request that broke off leaves what it has not read.
      counted.destroy();
    }
  }

  async #fetch({ reference, digest, platform, signal, onProgress }: PullRequest): Promise<void> {
    const exact = digest === undefined || reference.includes('@') ? reference : byDigest(reference, digest);
    const onAgain = (again: string): void => onProgress?.({ current: 0, total: 0, again });
    await askRegistry(reference, { ...this.#registry, signal, onAgain }, async (login) => {
      const silence = new Silence(SILENCE_MS);
      try {
        await this.#engine.call({
          what: `pull ${reference}`,
          withinMs: PULL_WITHIN_MS,
          signal: AbortSignal.any([signal, silence.signal]),
          async ask(docker, abortSignal) {
            const response = (await docker.pull(exact, {
              ...(platform !== undefined && { platform }),
              ...{ abortSignal, ...login },
            })) as unknown as IncomingMessage;
            await followed(response, (progress) => {
              silence.break();
              onProgress?.(progress);
            });
          },
        });
      } finally {
        silence.end();
      }
    });
    if (exact !== reference) await this.#name(exact, reference);
  }

  /** What was fetched by its digest has no other name yet. */
  async #name(exact: string, reference: string): Promise<void> {
    const [repo, tag = 'latest'] = splitTag(reference);
    await this.#engine.call({
      what: `name ${exact} ${reference}`,
      withinMs: INSPECT_WITHIN_MS,
      ask: (docker, abortSignal) => docker.getImage(exact).tag({ repo, tag, abortSignal }),
    });
  }

  #absent(reference: string, why: string): Failure {
    return new Failure('docker', `Cannot use ${reference} on ${this.#engine.host}: ${why}`);
  }
}

/** What an image was made for, as far as `wanted` goes into it: `linux` is any architecture. */
export function platformOf(
  { Os, Architecture, Variant }: Pick<InspectedImage, 'Os' | 'Architecture' | 'Variant'>,
  wanted: string,
): string {
  return [Os, Architecture, Variant].slice(0, wanted.split('/').length).join('/');
}

async function* passing(bytes: AsyncIterable<Uint8Array>, onBytes: (sum: number) => void): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const piece of bytes) {
    yield piece;
    sum += piece.length;
    onBytes(sum);
  }
}

interface Distribution {
  readonly Descriptor: { readonly digest: string };
}

async function inspected(docker: Dockerode, reference: string): Promise<InspectedImage> {
  return docker.getImage(reference).inspect();
}

/** An image as the runner sees it; `reference` says of which repository the digests are asked. */
export function imageOf(image: InspectedImage, reference: string): Image {
  const { Healthcheck } = image.Config ?? {};
  const test = Healthcheck?.Test ?? [];
  const healthcheck = Healthcheck && test.length > 0 && test[0] !== 'NONE' ? declaredOf(Healthcheck) : undefined;
  return { id: image.Id, digests: digestsOf(image, reference), healthcheck };
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
