/** Logs in by the system's own `ssh`, with whatever it can be let in by: certificates, security keys, GSSAPI. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LimitFunction } from 'p-limit';
import { Failure, reasonOf } from '../../../errors.ts';
import type { SshAddress } from '../address.ts';
import { persistently, unreachable } from '../attempts.ts';
import { HostKeys } from '../host-keys.ts';
import { parseKnownHosts } from '../known-hosts.ts';
import { Session, type Login } from '../session.ts';
import { isHostKeyRefused, whyNot } from './failures.ts';
import type { Log } from './log.ts';
import { Master } from './master.ts';
import { MuxCarrier } from './mux-carrier.ts';
import { Mux } from './mux.ts';

/** Beyond the time for the connection itself: somebody may have to touch a security key. */
const LOG_IN_WITHIN_MS = 60_000;

export interface LoggingIn {
  /** Options and destination, as the system's `ssh` is given them. */
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Bounds the handshakes that are under way at a time. */
  readonly gate: LimitFunction;
  /** A command line that leads there; undefined: as configured. */
  readonly proxyCommand: string | undefined;
}

/** @throws Failure `unreachable` */
export async function logIn(address: SshAddress, how: LoggingIn): Promise<Session> {
  return persistently(address, () => how.gate(() => loggedIn(address, how)));
}

async function loggedIn(address: SshAddress, how: LoggingIn): Promise<Session> {
  const { hostKeyChecking, connectTimeoutMs } = address;
  const checking = `StrictHostKeyChecking=${hostKeyChecking === 'no' ? 'no' : 'yes'}`;
  const master = await masterTo(address, how, [checking]);
  const isIn = await within(connectTimeoutMs + LOG_IN_WITHIN_MS, master);
  if (isHostKeyRefused(master.log)) {
    master.end();
    await judgeHostKey(address, how);
    // It is known now, since new ones are to be accepted.
    if (hostKeyChecking === 'accept-new') return loggedIn({ ...address, hostKeyChecking: 'yes' }, how);
    throw whyNot(address, master.log);
  }
  if (!isIn) throw whyNot(address, master.log);
  try {
    return await entered(master, address);
  } catch (error) {
    master.end();
    throw unreachable(address, `ssh lets nobody use its connection: ${reasonOf(error)}`, error);
  }
}

async function masterTo(address: SshAddress, how: LoggingIn, more: readonly string[]): Promise<Master> {
  const { everyMs, unanswered } = address.keepalive;
  const options = [
    ...more,
    // OpenSSH knows whole seconds only.
    `ConnectTimeout=${Math.ceil(address.connectTimeoutMs / 1000)}`,
    `ServerAliveInterval=${Math.ceil(everyMs / 1000)}`,
    `ServerAliveCountMax=${unanswered}`,
    ...(how.proxyCommand === undefined ? [] : [`ProxyCommand=${how.proxyCommand}`]),
  ];
  return Master.start([...options.flatMap((option) => ['-o', option]), ...how.words], how.environment);
}

/** Whether we are logged in; ends it when that takes too long. */
async function within(limitMs: number, master: Master): Promise<boolean> {
  const deadline = AbortSignal.timeout(limitMs);
  const expire = (): void => {
    master.end();
  };
  deadline.addEventListener('abort', expire);
  try {
    return await master.ready;
  } finally {
    deadline.removeEventListener('abort', expire);
  }
}

async function entered(master: Master, address: SshAddress): Promise<Session> {
  const mux = await Mux.enter(master.controlPath);
  return new Session(new MuxCarrier(master, mux), address, loginOf(master.log));
}

function loginOf({ accepted, method, hostKey: { key, knownBy } }: Log): Login {
  return {
    key: `${accepted ?? method ?? 'let in'}, by the system's ssh`,
    hostKey: knownBy === undefined ? key : `${key}, ${knownBy}`,
  };
}

/**
 * OpenSSH does not show the key that it refuses. It is asked for it with an empty list of known keys, to say of it what
 * is to be said, and to make it known where that is wanted.
 *
 * @throws Failure `unreachable`, unless nothing is wrong with that key
 */
async function judgeHostKey(address: SshAddress, how: LoggingIn): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-key-'));
  try {
    const file = join(folder, 'known_hosts');
    const hostKeys = await HostKeys.read(address);
    const master = await masterTo(address, how, [
      ...['StrictHostKeyChecking=accept-new', `UserKnownHostsFile=${file}`, 'GlobalKnownHostsFile=none'],
      ...['HashKnownHosts=no', 'PreferredAuthentications=none', `HostKeyAlgorithms=${hostKeys.algorithms.join(',')}`],
    ]);
    if (await within(address.connectTimeoutMs, master)) master.end();
    await master.ended;
    const [shown] = parseKnownHosts(file, await readFile(file, 'utf8').catch(() => ''));
    if (shown) await hostKeys.check(Buffer.from(shown.key, 'base64'));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unreachable(address, `its host key cannot be looked at: ${reasonOf(error)}`, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
