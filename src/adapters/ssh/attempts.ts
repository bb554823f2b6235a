/** What may come of an attempt to log in, in words, whoever makes it; and when another is worth while. */
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '../../errors.ts';
import { placeOf, type SshAddress } from './address.ts';
import type { Session } from './session.ts';

/** How often one that hangs up is tried. */
const TRIES = 3;
const PAUSE_MS = 200;

/** Between those of `ConnectionAttempts`, as in OpenSSH. */
const ATTEMPT_PAUSE_MS = 1_000;

/** The connection was accepted and then closed: the server may be busy, another try is worth while. */
export class Dropped extends Failure {}

/** There was no connection at all. */
class NotConnected extends Failure {}

/** The host's key is as it should be, but it does not let us in. */
export class NotLetIn extends Failure {
  readonly host: string;

  constructor(address: SshAddress, why: string, cause?: unknown) {
    super('unreachable', sentence(address, why), { cause });
    this.host = address.host;
  }
}

/**
 * Tries again when the connection was dropped before the handshake was over, and when none was made, as often as the
 * configuration says.
 */
export async function persistently(address: SshAddress, logIn: () => Promise<Session>): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await logIn();
    } catch (error) {
      const isBusy = error instanceof Dropped;
      const mayTry = isBusy || error instanceof NotConnected;
      if (!mayTry || attempt >= Math.max(isBusy ? TRIES : 1, address.attempts)) throw error;
      await pause(isBusy ? PAUSE_MS * attempt * (1 + Math.random()) : ATTEMPT_PAUSE_MS);
    }
  }
}

/** `code`: the system's, such as `ECONNREFUSED`; undefined for those that do not tell of a missing connection. */
export function notConnected(address: SshAddress, code: string, cause?: unknown): Failure | undefined {
  const causes: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused: does sshd run, and on this port?',
    ENOTFOUND: `the name ${address.address} is not known to DNS`,
    EAI_AGAIN: `the name ${address.address} cannot be looked up at the moment`,
    EHOSTUNREACH: 'no route to the host',
    ENETUNREACH: 'no route to its network',
    ETIMEDOUT: 'no answer',
  };
  const why = causes[code];
  return why === undefined ? undefined : new NotConnected('unreachable', sentence(address, why), { cause });
}

export function noHandshake(address: SshAddress, cause?: unknown): Failure {
  const why = `no SSH handshake within ${address.connectTimeoutMs / 1000} s`;
  return new NotConnected('unreachable', sentence(address, why), { cause });
}

export function dropped(address: SshAddress, cause?: unknown): Failure {
  return new Dropped('unreachable', sentence(address, 'it hangs up before the SSH handshake is over'), { cause });
}

/** `had`: what there was to be let in by, in words. */
export function tooManyKeys(address: SshAddress, had: string, cause?: unknown): Failure {
  const advice = 'name the right one (IdentityFile, with IdentitiesOnly yes)';
  const why = `it does not let ${address.user} in and hangs up after too many keys: ${advice}; had ${had}`;
  return new NotLetIn(address, why, cause);
}

export function unreachable(address: SshAddress, why: string, cause?: unknown): Failure {
  return new Failure('unreachable', sentence(address, why), { cause });
}

function sentence(address: SshAddress, why: string): string {
  return `Cannot reach ${placeOf(address)}: ${why}`;
}
