import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { LimitFunction } from 'p-limit';
import ssh2, { type AnyAuthMethod } from 'ssh2';
import { Failure } from '../../errors.ts';
import { placeOf, type SshAddress } from './address.ts';
import { algorithmsFor } from './algorithms.ts';
import { credentialsFor, Identities, type Credentials } from './credentials.ts';
import { HostKeys } from './host-keys.ts';
import type { KeyFiles } from './key-files.ts';
import { Session } from './session.ts';
import { Ssh2Carrier } from './ssh2-carrier.ts';

/** How often one that hangs up is tried. */
const TRIES = 3;
const PAUSE_MS = 200;

/** Between those of `ConnectionAttempts`, as in OpenSSH. */
const ATTEMPT_PAUSE_MS = 1_000;

export interface Dialling {
  readonly keyFiles: KeyFiles;
  /** Bounds the handshakes that are under way at a time. */
  readonly gate: LimitFunction;
  /** A stream to the host's SSH server; undefined: by TCP from here. */
  readonly connect: (() => Promise<Duplex>) | undefined;
}

/**
 * Connects and logs in. A connection that was dropped before the handshake was over is tried again; so is one that is
 * not made, as often as the configuration says; and one that broke off because a passphrase had to be asked for.
 *
 * @throws Failure `unreachable`
 */
export async function dial(address: SshAddress, dialling: Dialling): Promise<Session> {
  for (let attempt = 1; ;) {
    try {
      return await dialling.gate(() => handshake(address, dialling));
    } catch (error) {
      if (error instanceof Locked) {
        await dialling.keyFiles.unlock(error.file);
        continue;
      }
      const isBusy = error instanceof Dropped;
      const mayTry = isBusy || error instanceof NotConnected;
      if (!mayTry || attempt >= Math.max(isBusy ? TRIES : 1, address.attempts)) throw error;
      await pause(isBusy ? PAUSE_MS * attempt * (1 + Math.random()) : ATTEMPT_PAUSE_MS);
      attempt += 1;
    }
  }
}

/** The connection was accepted and then closed: the server may be busy, another try is worth while. */
class Dropped extends Failure {}

/** The host's key is as it should be, but it does not let us in. */
export class NotLetIn extends Failure {
  readonly host: string;

  constructor({ host }: SshAddress, message: string, cause?: unknown) {
    super('unreachable', message, { cause });
    this.host = host;
  }
}

/** There was no connection at all. */
class NotConnected extends Failure {}

/** The host would take the key in this file, which has a passphrase. */
class Locked extends Error {
  readonly file: string;

  constructor(file: string) {
    super(`${file} is locked`);
    this.file = file;
  }
}

/** What ssh2 adds to its errors. */
interface SshError extends Error {
  readonly level?: string;
  readonly code?: string | number;
}

async function handshake(address: SshAddress, { keyFiles, connect }: Dialling): Promise<Session> {
  const [hostKeys, credentials] = await Promise.all([HostKeys.read(address), credentialsFor(address, keyFiles)]);
  const algorithms = algorithmsFor(address, hostKeys.algorithms);
  const sock = await connect?.();
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    let refused: unknown;
    const fail = (error: unknown) => {
      reject(isOurs(error) ? error : failureOf(address, credentials, error as SshError));
      client.destroy();
      sock?.destroy();
    };
    const identities = new Identities(credentials.identities, (file) => {
      fail(new Locked(file));
    });
    const login: AnyAuthMethod = { type: 'agent', username: address.user, agent: identities };
    // `on`, not `once`: one failure may emit two errors, and the second must not end the process.
    client.on('error', (error: SshError) => {
      if (error.level !== 'agent') fail(refused ?? sock?.errored ?? error);
    });
    client.on('close', () => {
      fail(refused ?? sock?.errored ?? new Error('Connection lost before handshake'));
    });
    client.on('connect', () => client.setNoDelay(true));
    client.on('ready', () => {
      resolve(
        new Session(new Ssh2Carrier(client), address, { key: identities.accepted ?? '', hostKey: hostKeys.seen }),
      );
    });
    client.connect({
      ...(sock ? { sock } : { host: address.address, port: address.port, ...socketOf(address) }),
      username: address.user,
      readyTimeout: address.connectTimeoutMs,
      keepaliveInterval: address.keepalive.everyMs,
      keepaliveCountMax: address.keepalive.unanswered,
      strictVendor: false,
      authHandler: [login],
      algorithms,
      hostVerifier: verifierOf(hostKeys, (error) => (refused = error)),
    });
  });
}

/** Must not be an `async` function: ssh2 takes the promise for a yes. */
function verifierOf(hostKeys: HostKeys, refuse: (why: unknown) => void): HostVerifier {
  return (key, verify) => {
    hostKeys.check(key).then(
      () => {
        verify(true);
      },
      (error: unknown) => {
        refuse(error);
        verify(false);
      },
    );
  };
}

type HostVerifier = (key: Buffer, verify: (isTrusted: boolean) => void) => void;

function isOurs(error: unknown): error is Error {
  return error instanceof Failure || error instanceof Locked;
}

function socketOf({ family, bindAddress }: SshAddress): ssh2.ConnectConfig {
  return {
    ...(family === 4 && { forceIPv4: true }),
    ...(family === 6 && { forceIPv6: true }),
    ...(bindAddress !== undefined && { localAddress: bindAddress }),
  };
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
  if (cause !== undefined) return new NotConnected('unreachable', sentence(address, cause), { cause: error });
  if (level === 'client-timeout') {
    const why = `no SSH handshake within ${address.connectTimeoutMs / 1000} s`;
    return new NotConnected('unreachable', sentence(address, why), { cause: error });
  }
  if (message.startsWith('Too many authentication failures')) {
    const why = `it does not let ${address.user} in and hangs up after too many keys: name the right one (IdentityFile, with IdentitiesOnly yes); had ${list(credentials.notes)}`;
    return new NotLetIn(address, sentence(address, why), error);
  }
  if (level === 'client-authentication') {
    const hasKeys = credentials.identities.length > 0;
    const tried = hasKeys ? `it does not let ${address.user} in; tried` : 'no key to log in with:';
    const why = `${tried} ${list(credentials.notes)}`;
    return new NotLetIn(address, sentence(address, why), error);
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
