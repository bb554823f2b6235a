import type Dockerode from 'dockerode';
import { Conflict, Failure, reasonOf } from '../../errors.ts';
import type { Sure } from '../../runner/ports/ports.ts';
import type { Link } from '../link.ts';
import { StreamLocalAgent } from './agent.ts';
import type { InspectedContainer } from './inspections.ts';

/** The API versions whose answers we know; an Engine speaks a range of its own. */
const API = { oldest: '1.30', newest: '1.47' } as const;
const CONFLICT = 409;
const VERSION_WITHIN_MS = 10_000;

export interface Call<T> {
  /** For messages: `pull registry/app:v2`. */
  readonly what: string;
  readonly withinMs: number;
  readonly ask: (docker: Dockerode, abortSignal: AbortSignal) => Promise<T>;
  /** Ends the call before its time. */
  readonly signal?: AbortSignal;
}

/** A call that the typings do not have in full. */
interface Abortable {
  version(options: { readonly abortSignal: AbortSignal }): Promise<Dockerode.DockerVersion>;
}

/** What dockerode throws when the Engine answers with an error. */
interface EngineError extends Error {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | null;
}

/** The Docker Engine of one host: every call has a time limit, and fails with a sentence. */
export class Engine {
  readonly host: string;
  readonly #agent: StreamLocalAgent;
  #docker: Promise<Dockerode> | undefined;

  constructor(link: Link, socket: string) {
    this.host = link.host;
    this.#agent = new StreamLocalAgent(link, socket);
  }

  /** @throws Failure `docker`, `unreachable` when the host or the Engine was lost, or `late` */
  async call<T>({ what, withinMs, ask, signal }: Call<T>): Promise<T> {
    const docker = await this.#negotiated();
    return this.#within({ what, withinMs, ...(signal && { signal }), ask: (abortSignal) => ask(docker, abortSignal) });
  }

  /** A link's failure is a sentence already; `unreachable` stays what it is. */
  failure(what: string, error: unknown): Failure {
    if (!(error instanceof Failure)) {
      const code = isLost(error) ? 'unreachable' : 'docker';
      const Kind = statusOf(error) === CONFLICT ? Conflict : Failure;
      return new Kind(code, `Cannot ${what} on ${this.host}: ${reasonOfEngine(error)}`, { cause: error });
    }
    return error.code === 'error' ? new Failure('docker', error.message, { cause: error }) : error;
  }

  async #within<T>(call: Omit<Call<T>, 'ask'> & { ask: (abortSignal: AbortSignal) => Promise<T> }): Promise<T> {
    const { what, withinMs, signal, ask } = call;
    const abort = new AbortController();
    const late = () => {
      // It may be the connection that is slow, or a daemon that is being restarted: worth another look.
      abort.abort(new Failure('late', `Cannot ${what} on ${this.host}: it takes longer than ${withinMs / 1000} s`));
    };
    const stop = () => {
      abort.abort(signal?.reason ?? new Error('stopped'));
    };
    const deadline = AbortSignal.timeout(withinMs);
    deadline.addEventListener('abort', late);
    signal?.addEventListener('abort', stop);
    try {
      signal?.throwIfAborted();
      // Not every call of dockerode heeds its signal.
      const aborted = new Promise<never>((_, reject) => {
        abort.signal.addEventListener('abort', () => {
          reject(abort.signal.reason as Error);
        });
      });
      return await Promise.race([ask(abort.signal), aborted]);
    } catch (error) {
      throw this.failure(what, abort.signal.aborted ? abort.signal.reason : error);
    } finally {
      deadline.removeEventListener('abort', late);
      signal?.removeEventListener('abort', stop);
    }
  }

  #negotiated(): Promise<Dockerode> {
    this.#docker ??= this.#negotiate().catch((error: unknown) => {
      this.#docker = undefined;
      throw error;
    });
    return this.#docker;
  }

  /** dockerode speaks whatever version it is told. */
  async #negotiate(): Promise<Dockerode> {
    // 0.3 s, which a run that changes nothing over here can do without.
    const { default: Docker } = await import('dockerode');
    const unversioned = this.#client(Docker);
    const { ApiVersion, MinAPIVersion } = await this.#within({
      what: 'use Docker',
      withinMs: VERSION_WITHIN_MS,
      ask: (abortSignal) => (unversioned as Abortable).version({ abortSignal }),
    });
    if (compare(ApiVersion, API.oldest) < 0 || compare(MinAPIVersion, API.newest) > 0) {
      throw this.failure(
        'use Docker',
        new Error(`it speaks API ${MinAPIVersion} to ${ApiVersion}, sluice ${API.oldest} to ${API.newest}`),
      );
    }
    return this.#client(Docker, compare(ApiVersion, API.newest) < 0 ? ApiVersion : API.newest);
  }

  /** dockerode reads the operator's DOCKER_HOST and its like, which have nothing to do with this host. */
  #client(Docker: typeof Dockerode, version?: string): Dockerode {
    const options = { protocol: 'http', host: 'docker', port: 80, agent: this.#agent } as const;
    return plainClient(Docker, { ...options, ...(version !== undefined && { version: `v${version}` }) });
  }
}

/** A client that goes by these options alone, and by nothing of this process's environment. */
export function plainClient(Docker: typeof Dockerode, options: Dockerode.DockerOptions): Dockerode {
  const meant = Object.entries(process.env).filter(([name]) => name.startsWith('DOCKER_'));
  try {
    for (const [name] of meant) Reflect.deleteProperty(process.env, name);
    return new Docker(options);
  } finally {
    for (const [name, value] of meant) process.env[name] = value;
  }
}

export function statusOf(error: unknown): number | undefined {
  return (error as EngineError).statusCode;
}

/** The Engine went away before its answer, or in the middle of it: whether it did what was asked is not known. */
function isLost(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return statusOf(error) === undefined && ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code ?? '');
}

/** The promise's value, or `instead` when the Engine answers with `status`. */
export async function unless<T, U>(status: number, promise: Promise<T>, instead: U): Promise<T | U> {
  try {
    return await promise;
  } catch (error) {
    if (statusOf(error) === status) return instead;
    throw error;
  }
}

/** What the Engine says, on one line and without dockerode's preface, which is wrong at times. */
function reasonOfEngine(error: unknown): string {
  const said = (error as EngineError).json?.message ?? reasonOf(error);
  const line = said
    .replace(/^\(HTTP code \d+\) [^-]* - /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  // A registry's code and its text are often one and the same: `manifest unknown: manifest unknown`.
  return line.replace(/(^|: )([^:]+): \2$/, '$1$2');
}

/** The highest version of the API that the Engine has. */
export async function apiVersionOf(engine: Engine): Promise<string> {
  const { ApiVersion } = await engine.call({
    what: 'use Docker',
    withinMs: VERSION_WITHIN_MS,
    ask: (docker, abortSignal) => (docker as unknown as Abortable).version({ abortSignal }),
  });
  return ApiVersion;
}

export function isOlder(version: string, than: string): boolean {
  return compare(version, than) < 0;
}

function compare(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}

/** Of who asks without a lock. */
export const isSure: Sure = async () => undefined;

/** dockerode's typings leave out some of it, and never say null. */
export async function inspected(
  docker: Dockerode,
  name: string,
  abortSignal: AbortSignal,
): Promise<InspectedContainer> {
  return (await docker.getContainer(name).inspect({ abortSignal })) as unknown as InspectedContainer;
}
