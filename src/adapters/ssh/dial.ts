import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import ssh2 from 'ssh2';
import { Failure } from '../../errors.ts';
import { placeOf, type SshAddress } from './address.ts';
import { credentialsFor, type Credentials } from './credentials.ts';
import { HostKeys } from './host-keys.ts';
import { Session } from './session.ts';

/**
 * Handshakes under way at a time in this process: an sshd drops some beyond 10 (`MaxStartups`), and jump hosts are
 * shared.
 */
const handshakes = pLimit(8);

const TRIES = 3;
const PAUSE_MS = 200;

const KEEPALIVE_EVERY_MS = 5_000;
const KEEPALIVES_UNANSWERED = 3;

/** ssh2's default without diffie-hellman-group-exchange-sha256, which blocks the process for more than a second. */
const kex = [
  'curve25519-sha256@libssh.org',
  'curve25519-sha256',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
] as const;

/**
 * Connects and logs in. A connection that was dropped before the handshake was over is tried again.
 *
 * @throws Failure `unreachable`
 */
export async function dial(address: SshAddress): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await handshakes(() => handshake(address));
    } catch (error) {
      if (attempt === TRIES || !(error instanceof Dropped)) throw error;
      await pause(PAUSE_MS * attempt * (1 + Math.random()));
    }
  }
}

/** The connection was accepted and then closed: the server may be busy, another try is worth while. */
class Dropped extends Failure {}

/** What ssh2 adds to its errors. */
interface SshError extends Error {
  readonly level?: string;
  readonly code?: string | number;
}

async function handshake(address: SshAddress): Promise<Session> {
  const [hostKeys, credentials] = await Promise.all([HostKeys.read(address), credentialsFor(address)]);
  if (credentials.methods.length === 0) throw unreachable(address, `no key to log in with: ${list(credentials.notes)}`);
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    let refused: unknown;
    const fail = (error: unknown) => {
      reject(error instanceof Failure ? error : failureOf(address, credentials, error as SshError));
      client.destroy();
    };
    // `on`, not `once`: one failure may emit two errors, and the second must not end the process.
    client.on('error', (error: SshError) => {
      if (error.level !== 'agent') fail(refused ?? error);
    });
    client.on('close', () => {
      fail(refused ?? new Error('Connection lost before handshake'));
    });
    client.on('connect', () => client.setNoDelay(true));
    client.on('ready', () => {
      resolve(new Session(client, address));
    });
    client.connect({
      host: address.address,
      port: address.port,
      username: address.user,
      readyTimeout: address.connectTimeoutMs,
      keepaliveInterval: KEEPALIVE_EVERY_MS,
      keepaliveCountMax: KEEPALIVES_UNANSWERED,
      strictVendor: false,
      authHandler: [...credentials.methods],
      algorithms: { kex: [...kex], serverHostKey: [...hostKeys.algorithms] },
      // Must not be an `async` function: ssh2 takes the promise for a yes.
      hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void) => {
        hostKeys.check(key).then(
          () => {
            verify(true);
          },
          (error: unknown) => {
            refused = error;
            verify(false);
          },
        );
      },
    });
  });
}

function failureOf(address: SshAddress, credentials: Credentials, error: SshError): Failure {
  const { message, level, code } = error;
  const causes: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused: does sshd run, and on this port?',
    ENOTFOUND: `the name ${address.address} is not known to DNS`,
    EAI_AGAIN: `the name ${address.address} cannot be looked up at the moment`,
    EHOSTUNREACH: 'no route to the host',
    ENETUNREACH: 'no route to its network',
    ETIMEDOUT: 'no answer',
  };
  const cause = causes[String(code)];
  if (cause !== undefined) return unreachable(address, cause, error);
  if (level === 'client-timeout') {
    return unreachable(address, `no SSH handshake within ${address.connectTimeoutMs / 1000} s`, error);
  }
  if (level === 'client-authentication' || message.startsWith('Too many authentication failures')) {
    const why = `it does not let ${address.user} in; tried ${list(credentials.notes)}`;
    return unreachable(address, why, error);
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || message.includes('lost before handshake')) {
    return new Dropped('unreachable', sentence(address, 'it hangs up before the SSH handshake is over'), {
      cause: error,
    });
  }
  return unreachable(address, message, error);
}

function unreachable(address: SshAddress, why: string, cause?: unknown): Failure {
  return new Failure('unreachable', sentence(address, why), { cause });
}

function sentence(address: SshAddress, why: string): string {
  return `Cannot reach ${placeOf(address)}: ${why}`;
}

function list(words: readonly string[]): string {
  return words.join(', ');
}
