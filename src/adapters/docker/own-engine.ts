/** The Docker Engine of this machine: where `docker build` has put an image that no registry has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Dockerode from 'dockerode';
import { Failure, reasonOf } from '../../errors.ts';
import { plainClient, statusOf } from './engine.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const INSPECT_WITHIN_MS = 15_000;

export interface OwnImage {
  readonly id: string;
  /** As `docker save` writes it, without a name. */
  readonly save: () => Promise<AsyncIterable<Buffer>>;
}

/** Where `docker` on this machine would look, as far as `DOCKER_HOST` tells. */
export function ownEngineAddress(environment: Environment): string {
  const address = environment['DOCKER_HOST'] ?? '';
  return address === '' ? 'unix:///var/run/docker.sock' : address;
}

/** @throws Failure `config` when the Engine cannot be reached, or does not have it */
export async function ownImage(reference: string, environment: Environment): Promise<OwnImage> {
  const address = ownEngineAddress(environment);
  const cannot = (why: string, cause?: unknown): Failure =>
    new Failure('config', `Cannot load ${reference} from the Engine of this machine (${address}): ${why}`, { cause });
  const { default: Docker } = await import('dockerode');
  const docker = plainClient(Docker, optionsFor(address, environment, cannot));
  try {
    const abortSignal = AbortSignal.timeout(INSPECT_WITHIN_MS);
    const { Id } = await docker.getImage(reference).inspect({ abortSignal } as object);
    const save = async (): Promise<AsyncIterable<Buffer>> => {
      try {
        return (await docker.getImage(Id).get()) as AsyncIterable<Buffer> & NodeJS.ReadableStream;
      } catch (error) {
        throw cannot(reasonOf(error), error);
      }
    };
    return { id: Id, save };
  } catch (error) {
    throw cannot(statusOf(error) === 404 ? 'it does not have that image' : reasonOf(error), error);
  }
}

function optionsFor(
  address: string,
  environment: Environment,
  cannot: (why: string) => Failure,
): Dockerode.DockerOptions {
  const [, scheme, rest = ''] = /^(unix|tcp|http|https):\/\/(.+)$/.exec(address) ?? [];
  if (scheme === undefined) throw cannot('DOCKER_HOST should be unix://… or tcp://…');
  if (scheme === 'unix') return { socketPath: rest };
  const isSecure = scheme === 'https' || (environment['DOCKER_TLS_VERIFY'] ?? '') !== '';
  const { hostname, port } = new URL(`http://${rest}`);
  const tls = isSecure ? certificates(environment, cannot) : {};
  const usual = isSecure ? 2376 : 2375;
  return { protocol: isSecure ? 'https' : 'http', host: hostname, port: port === '' ? usual : Number(port), ...tls };
}

function certificates(environment: Environment, cannot: (why: string) => Failure): Dockerode.DockerOptions {
  const folder = environment['DOCKER_CERT_PATH'] ?? join(environment['HOME'] ?? '', '.docker');
  try {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
    return { ca, cert, key };
  } catch (error) {
    throw cannot(reasonOf(error));
  }
}
