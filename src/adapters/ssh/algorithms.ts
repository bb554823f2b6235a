import type { Algorithms as Offer, CipherAlgorithm, KexAlgorithm, MacAlgorithm } from 'ssh2';
import { Failure } from '../../errors.ts';
import type { SshAddress } from './address.ts';
import { hostKeyAlgorithms, type HostKeyAlgorithm } from './known-hosts.ts';

/** What ssh2 can do, ours first; what is only for servers that know nothing better is offered when it was asked for. */
const KEX: readonly KexAlgorithm[] = [
  'curve25519-sha256@libssh.org',
  'curve25519-sha256',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
];
const OTHER_KEX: readonly KexAlgorithm[] = [
  ...(['diffie-hellman-group15-sha512', 'diffie-hellman-group17-sha512', 'diffie-hellman-group18-sha512'] as const),
  ...(['diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1'] as const),
];

/** It blocks the process for more than a second, so only where there is nothing else. */
const LAST_KEX: readonly KexAlgorithm[] = [
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group-exchange-sha1',
];

/** By speed: the first two are done by the processor. */
const CIPHERS: readonly CipherAlgorithm[] = [
  ...(['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'] as const),
  ...(['aes128-ctr', 'aes192-ctr', 'aes256-ctr', 'chacha20-poly1305@openssh.com'] as const),
];
const OTHER_CIPHERS: readonly CipherAlgorithm[] = ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'];

const MACS: readonly MacAlgorithm[] = [
  ...(['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha1-etm@openssh.com'] as const),
  ...(['hmac-sha2-256', 'hmac-sha2-512', 'hmac-sha1'] as const),
];
const OTHER_MACS: readonly MacAlgorithm[] = ['hmac-sha1-96', 'hmac-md5'];

/** Those that a configuration asks for when it says nothing: then ours go on, as they include older servers. */
const USUAL_HOST_KEYS: readonly HostKeyAlgorithm[] = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512'];

/**
 * What to offer the server: of what the configuration allows, what ssh2 can do. `hostKeys`: in the order in which the
 * host's keys are known.
 *
 * @throws Failure `config` when that is nothing
 */
export function algorithmsFor(address: SshAddress, hostKeys: readonly HostKeyAlgorithm[]): Offer {
  const { kex, cipher, mac, hostKey } = address.algorithms;
  const of = <T extends string>(
    name: string,
    allowed: readonly string[] | undefined,
    ...known: readonly (readonly T[])[]
  ) => {
    const chosen = known.map((some) => some.filter((one) => allowed?.includes(one) ?? true));
    const [first = []] = chosen;
    // Without a configuration only the first; the last resort only where there is nothing before it.
    const offered = allowed === undefined ? first : chosen.slice(0, 2).flat();
    const whole = offered.length > 0 ? offered : chosen.flat();
    if (whole.length > 0) return whole;
    throw new Failure(
      'config',
      `Cannot connect to ${address.host}: ${name} leaves nothing that sluice can do: ${allowed?.join(', ') ?? ''}`,
    );
  };
  const isUsual = hostKey === undefined || USUAL_HOST_KEYS.every((one) => hostKey.includes(one));
  return {
    kex: of('KexAlgorithms', kex, KEX, OTHER_KEX, LAST_KEX),
    cipher: of('Ciphers', cipher, CIPHERS, OTHER_CIPHERS),
    hmac: of('MACs', mac, MACS, OTHER_MACS),
    serverHostKey: of('HostKeyAlgorithms', isUsual ? hostKeyAlgorithms : hostKey, hostKeys),
  };
}
