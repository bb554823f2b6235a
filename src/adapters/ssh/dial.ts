import { connect as connectTcp, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LimitFunction } from 'p-limit';
import ssh2, { type AnyAuthMethod } from 'ssh2';
import { Failure } from '../../errors.ts';
import type { SshAddress } from './address.ts';
import { algorithmsFor } from './algorithms.ts';
import { dropped, noHandshake, notConnected, NotLetIn, persistently, tooManyKeys, unreachable } from './attempts.ts';
import { credentialsFor, Identities, type Credentials } from './credentials.ts';
import { HostKeys } from './host-keys.ts';
import type { KeyFiles } from './key-files.ts';
import { Session } from './session.ts';
import { Ssh2Carrier } from './ssh2-carrier.ts';

export interface Dialling {
  readonly keyFiles: KeyFiles;
  /** Bounds the handshakes that are under way at a time. */
  readonly gate: LimitFunction;
  /** A stream to the host's SSH server; undefined: by TCP from here. */
  readonly connect: (() => Promise<Duplex>) | undefined;
}

/**
 * Connects and logs in by ssh2, once more when a passphrase had to be asked for.
 *
 * @throws Failure `unreachable`
 */
export async function dial(address: SshAddress, dialling: Dialling): Promise<Session> {
  const { gate, keyFiles } = dialling;
  return persistently(address, async () => {
    for (;;) {
      try {
        return await gate(() => handshake(address, dialling));
      } catch (error) {
        if (!(error instanceof Locked)) throw error;
        await keyFiles.unlock(error.file);
      }
    }
  });
}

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
  const sock = (await connect?.()) ?? tcpTo(address);
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    let refused: unknown;
    const fail = (error: unknown) => {
      reject(isOurs(error) ? error : failureOf(address, credentials, error as SshError));
      // A socket that is merely closed has the kernel send what is still in its buffer once the network is back.
      if (sock instanceof Socket) sock.resetAndDestroy();
      client.destroy();
      sock.destroy();
    };
    const identities = new Identities(credentials.identities, (file) => {
      fail(new Locked(file));
    });
    const login: AnyAuthMethod = { type: 'agent', username: address.user, agent: identities };
    // `on`, not `once`: one failure may emit two errors, and the second must not end the process.
    client.on('error', (error: SshError) => {
      if (error.level !== 'agent') fail(refused ?? sock.errored ?? error);
    });
    client.on('close', () => {
      fail(refused ?? sock.errored ?? new Error('Connection lost before handshake'));
    });
    client.on('connect', () => client.setNoDelay(true));
    client.on('ready', () => {
      resolve(
        new Session(new Ssh2Carrier(client, sock), address, { key: identities.accepted ?? '', hostKey: hostKeys.seen }),
      );
    });
    client.connect({
      sock,
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

/** Not left to ssh2, which lets go of its own in ways that do not always end it, see `Ssh2Carrier.end`. */
function tcpTo({ address: host, port, family, bindAddress }: SshAddress): Socket {
  const socket = connectTcp({
    ...{ host, port, ...(family !== undefined && { family }) },
    ...(bindAddress !== undefined && { localAddress: bindAddress }),
  });
  return socket.setMaxListeners(0);
}

function failureOf(address: SshAddress, credentials: Credentials, error: SshError): Failure {
  const { message, level, code } = error;
  const missing = notConnected(address, String(code), error);
  if (missing) return missing;
  if (level === 'client-timeout') return noHandshake(address, error);
  const notes = credentials.notes.join(', ');
  if (message.startsWith('Too many authentication failures')) return tooManyKeys(address, notes, error);
  if (level === 'client-authentication') {
    const hasKeys = credentials.identities.length > 0;
    const tried = hasKeys ? `it does not let ${address.user} in; tried` : 'no key to log in with:';
    return new NotLetIn(address, `${tried} ${notes}`, error);
  }
  const isCut = code === 'ECONNRESET' || code === 'EPIPE' || message.includes('lost before handshake');
  return isCut ? dropped(address, error) : unreachable(address, message, error);
}
