/** The Docker Engine of this machine: where `docker build` has put an image that no registry has. */
import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type Dockerode from 'dockerode';
import { Failure, reasonOf } from '../../errors.ts';
import { plainClient, statusOf } from './engine.ts';
import type { Endpoint } from './own-endpoint.ts';
import { Silence } from './pull-progress.ts';

const INSPECT_WITHIN_MS = 15_000;
/** The Engine gathers an image before it sends the first of it. */
const SILENCE_MS = 300_000;

export interface OwnImage {
  readonly id: string;
  /** As `docker save` writes it, without a name. */
  readonly save: () => AsyncIterable<Buffer>;
}

export interface OwnEngine {
  readonly endpoint: Endpoint;
  /** How long it may send nothing of an image. */
  readonly silenceMs?: number;
}

/** @throws Failure `config` when the Engine cannot be reached, or does not have it */
export async function ownImage(reference: string, { endpoint, silenceMs = SILENCE_MS }: OwnEngine): Promise<OwnImage> {
  const cannot = (why: string, cause?: unknown): Failure =>
    new Failure('config', `Cannot load ${reference} from the Engine of this machine (${endpoint.shown}): ${why}`, {
      cause,
    });
  const { default: Docker } = await import('dockerode');
  const agent = endpoint.tls ? new SecureAgent(endpoint.tls) : new Agent();
  const options: Dockerode.DockerOptions & { agent: Agent } = { ...optionsFor(endpoint, reference, cannot), agent };
  const docker = plainClient(Docker, options);
  async function* save(id: string): AsyncGenerator<Buffer> {
    const silence = new Silence(silenceMs);
    try {
      // The request takes no signal.
      silence.signal.addEventListener('abort', () => {
        agent.destroy();
      });
      for await (const piece of (await docker.getImage(id).get()) as AsyncIterable<Buffer> & NodeJS.ReadableStream) {
        silence.break();
        yield piece;
      }
    } catch (error) {
      throw cannot(silence.signal.aborted ? reasonOf(silence.signal.reason) : reasonOf(error), error);
    } finally {
      silence.end();
    }
  }
  try {
    const abortSignal = AbortSignal.timeout(INSPECT_WITHIN_MS);
    const { Id } = await docker.getImage(reference).inspect({ abortSignal } as object);
    return { id: Id, save: () => save(Id) };
  } catch (error) {
    throw cannot(statusOf(error) === 404 ? 'it does not have that image' : reasonOf(error), error);
  }
}

function optionsFor(
  { address, tls }: Endpoint,
  reference: string,
  cannot: (why: string) => Failure,
): Dockerode.DockerOptions {
  const [, scheme, rest = ''] = /^(unix|tcp|http|https|ssh):\/\/(.+)$/.exec(address) ?? [];
  if (scheme === 'unix') return { socketPath: rest };
  if (scheme === 'ssh') {
    throw cannot(`it is reached by SSH: docker save -o image.tar ${reference}, then --load image.tar`);
  }
  if (scheme === undefined || !URL.canParse(`http://${rest}`)) {
    throw cannot('its address should be unix://… or tcp://…');
  }
  const { hostname, port } = new URL(`http://${rest}`);
  const usual = tls ? 2376 : 2375;
  return {
    protocol: tls ? 'https' : 'http',
    host: hostname,
    port: port === '' ? usual : Number(port),
  };
}
