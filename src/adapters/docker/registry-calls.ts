import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../errors.ts';
import { DOCKER_HUB, type Login, type Logins } from '../login.ts';

/** Milliseconds before each further attempt. */
export const AGAIN_AFTER_MS: readonly number[] = [1_000, 3_000];

/** As the Engine takes it. @see https://docs.docker.com/reference/api/engine/version/v1.41/#section/Authentication */
interface Authenticated {
  readonly authconfig?: object;
}

interface Terms {
  readonly logins: Logins;
  readonly againAfterMs: readonly number[];
  readonly signal?: AbortSignal;
  readonly onAgain?: (why: string) => void;
  /** Whether to ask again also when there was no answer in time. */
  readonly isShort?: boolean;
}

/**
 * Asks a registry, through the Engine, with the login for it; again, a few times, when the network or a registry under
 * load is in the way. One that does not answer in time is in trouble itself: the Engine and the host are well.
 */
export async function askRegistry<T>(
  reference: string,
  { logins, againAfterMs, signal, onAgain, isShort = false }: Terms,
  ask: (login: Authenticated) => Promise<T>,
): Promise<T> {
  const registry = registryIn(reference);
  const login = await logins(registry);
  const authenticated = login ? { authconfig: authConfigOf(login, registry) } : {};
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask(authenticated);
    } catch (error) {
      if (!(error instanceof Failure) || (error.code !== 'docker' && error.code !== 'late')) throw error;
      if (!login && DENIED.test(error.message)) throw withoutLogin(error, registry);
      if (error.message.includes(UNTRUSTED)) throw untrusted(error, registry);
      const afterMs = againAfterMs[attempt];
      const isPassing = error.code === 'late' ? isShort : PASSING.test(error.message);
      if (afterMs === undefined || !isPassing) {
        throw error.code === 'docker' ? error : new Failure('docker', error.message, { cause: error });
      }
      onAgain?.(error.message);
      await sleep(afterMs, undefined, signal ? { signal } : {});
    }
  }
}

/** Docker's own, unless the first part of the name can be that of a machine. */
export function registryIn(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && /[.:]|^localhost$/.test(first)
    ? first.replace(/^index\.docker\.io$/, 'docker.io')
    : 'docker.io';
}

/** What registries and Engines say when they want to know who asks; they have no status for it (500 from 20.10). */
const DENIED = /no basic auth credentials|unauthorized|authentication required|access (to the resource is )?denied/i;

/** What Go's TLS says of a certificate by a CA that the Engine does not know. */
const UNTRUSTED = 'x509: certificate signed by unknown authority';

/** What may be gone the next time. */
const PASSING = new RegExp(
  [
    'connection (refused|reset)|no route to host|network is unreachable|server misbehaving|unexpected EOF|: EOF',
    'timeout|deadline exceeded|temporar|too ?many ?requests|no progress for',
    'received unexpected HTTP status: 5|status(:| code) (429|5\\d\\d)',
  ].join('|'),
  'i',
);

function withoutLogin(failure: Failure, registry: string): Failure {
  const why = `there is no login for ${registry}: give one in "registries", or with docker login on this machine`;
  return new Failure(failure.code, `${failure.message}; ${why}`, { cause: failure });
}

function untrusted(failure: Failure, registry: string): Failure {
  const why = `the host does not trust its CA: put the CA's certificate into /etc/docker/certs.d/${registry}/ca.crt there`;
  return new Failure(failure.code, `${failure.message}; ${why}`, { cause: failure });
}

function authConfigOf(login: Login, registry: string): object {
  const serveraddress = registry === 'docker.io' ? DOCKER_HUB : registry;
  if ('identityToken' in login) return { identitytoken: login.identityToken, serveraddress };
  return { username: login.username, password: login.password, serveraddress };
}
