import { Failure } from '../../../errors.ts';
import type { SshAddress } from '../address.ts';
import { dropped, noHandshake, notConnected, NotLetIn, tooManyKeys, unreachable } from '../attempts.ts';
import type { Log } from './log.ts';

/** How the system names what has happened: strerror(3) and gai_strerror(3) of Linux, BSD and macOS. */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/Connection refused$/, 'ECONNREFUSED'],
  [/No route to host$/, 'EHOSTUNREACH'],
  [/Network is unreachable$/, 'ENETUNREACH'],
  [/(Connection|Operation) timed out$/, 'ETIMEDOUT'],
  [/^ssh: Could not resolve hostname .*: Temporary failure/, 'EAI_AGAIN'],
  [/^ssh: Could not resolve hostname /, 'ENOTFOUND'],
];

const LAST_WORDS = 3;

/** With `StrictHostKeyChecking no`, OpenSSH goes on with a key that is revoked. */
export function isHostKeyRefused(log: Log): boolean {
  return log.find(/^Host key verification failed| REVOKED HOST KEY DETECTED/) !== undefined;
}

/** Why `ssh` has ended before we were let in. */
export function whyNot(address: SshAddress, log: Log): Failure {
  const words = log.said.slice(-LAST_WORDS).join('; ');
  const says = `ssh says: ${words === '' ? 'nothing' : words}`;
  if (log.find(/Bad configuration option|^\S+ line \d+: /)) {
    return new Failure('config', `Cannot connect to ${address.host}: ${says}`);
  }
  const tried = [...new Set(log.offered)].join(', ') || 'no key';
  if (log.find(/Too many authentication failures/)) return tooManyKeys(address, tried);
  const denied = log.find(/Permission denied \(.*\)/);
  if (denied) return notLetIn(address, log, tried);
  if (log.find(/timed out during banner exchange|^Connection to \S+ port \d+ timed out/)) return noHandshake(address);
  const [, code] = CODES.find(([pattern]) => log.find(pattern)) ?? [];
  const missing = code === undefined ? undefined : notConnected(address, code);
  if (missing) return missing;
  const isCut = log.find(/^(kex|ssh)_exchange_identification: |^Connection (closed|reset) by /);
  return isCut ? dropped(address) : unreachable(address, says);
}

function notLetIn(address: SshAddress, log: Log, tried: string): Failure {
  const { user } = address;
  const { accepted } = log;
  if (accepted === undefined)
    return new NotLetIn(address, `it does not let ${user} in; the system's ssh tried ${tried}`);
  const [, why] = log.find(/^Load key ".*": (.*)$/) ?? [];
  const locked = 'has it a passphrase? nobody is asked for it: add it to ssh-agent with ssh-add';
  const cannot = `which the system's ssh cannot use: ${why ?? locked}`;
  return new NotLetIn(address, `it would let ${user} in by ${accepted}, ${cannot}`);
}
