/** OpenSSH's known_hosts files. @see sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT" */
import { createHash, createHmac } from 'node:crypto';

export interface KnownHost {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  /** Host patterns, or one hashed name. */
  readonly patterns: readonly string[];
  /** `ssh-ed25519`, `ssh-rsa` … */
  readonly type: string;
  /** The public key, in base64. */
  readonly key: string;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export type HostKeyVerdict =
  | { readonly kind: 'known'; readonly entry: KnownHost }
  /** `authority`: a certificate authority is trusted for this host, which we cannot make use of. */
  | { readonly kind: 'unknown'; readonly authority: KnownHost | undefined }
  /** `entry`: the key that was expected. */
  | { readonly kind: 'changed'; readonly entry: KnownHost }
  | { readonly kind: 'revoked'; readonly entry: KnownHost };

/** Lines that cannot be understood are passed over, as OpenSSH does. */
export function parseKnownHosts(file: string, text: string): readonly KnownHost[] {
  return text.split('\n').flatMap((written, index) => {
    if (/^\s*(#|$)/.test(written)) return [];
    const words = written.trim().split(/\s+/);
    const marker = written.trim().startsWith('@') ? words.shift()?.slice(1) : undefined;
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return [];
    const [patterns, type, key] = words;
    if (patterns === undefined || type === undefined || key === undefined) return [];
    return [{ file, line: index + 1, marker, patterns: patterns.split(','), type, key }];
  });
}

/**
 * What the files say of `key`, the public key in SSH's binary form. Stricter than OpenSSH in one way: a host that is
 * known by keys of other types only counts as changed, since we ask for the types that are known first.
 */
export function verdictOn(known: readonly KnownHost[], endpoint: Endpoint, key: Buffer): HostKeyVerdict {
  const encoded = key.toString('base64');
  const entries = known.filter((entry) => appliesTo(entry, endpoint));
  const revoked = entries.find((entry) => entry.marker === 'revoked' && entry.key === encoded);
  if (revoked) return { kind: 'revoked', entry: revoked };
  const plain = entries.filter((entry) => entry.marker === undefined);
  const match = plain.find((entry) => entry.key === encoded);
  if (match) return { kind: 'known', entry: match };
  if (plain.length === 0 && endpoint.port !== 22) {
    // As OpenSSH has it: a key that is known of the name without the port will do, but another there is no change.
    const portless = verdictOn(known, { ...endpoint, port: 22 }, key);
    if (portless.kind === 'known' || portless.kind === 'revoked') return portless;
  }
  const expected = plain.find((entry) => entry.type === keyTypeOf(key)) ?? plain[0];
  if (expected) return { kind: 'changed', entry: expected };
  return { kind: 'unknown', authority: entries.find((entry) => entry.marker === 'cert-authority') };
}

/** Best first, without `ssh-dss`. */
export const hostKeyAlgorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const;

/**
 * The host key algorithms to ask for, those of keys we know of this host first: otherwise a host of which only the
 * RSA key is known would seem to have changed.
 */
export function hostKeyAlgorithmsFor(known: readonly KnownHost[], endpoint: Endpoint): readonly HostKeyAlgorithm[] {
  const plain = known.filter((entry) => entry.marker === undefined);
  const exact = plain.filter((entry) => appliesTo(entry, endpoint));
  const entries = exact.length > 0 ? exact : plain.filter((entry) => appliesTo(entry, { ...endpoint, port: 22 }));
  const types = new Set(entries.map((entry) => entry.type));
  const isKnown = (algorithm: string) => types.has(algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm);
  return [...hostKeyAlgorithms.filter(isKnown), ...hostKeyAlgorithms.filter((algorithm) => !isKnown(algorithm))];
}

export type HostKeyAlgorithm = (typeof hostKeyAlgorithms)[number];

/** The line that makes `key` known, without a newline; with `salt`, of 20 bytes, the name in it is hashed. */
export function knownHostsLine(endpoint: Endpoint, key: Buffer, salt?: Buffer): string {
  const name = nameOf(endpoint);
  const shown = salt ? `|1|${salt.toString('base64')}|${hashOf(name, salt)}` : name;
  return `${shown} ${keyTypeOf(key)} ${key.toString('base64')}`;
}

/** As `ssh-keygen -l` prints it: `SHA256:…`. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The binary form begins with the type's length and name. */
export function keyTypeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

/** The name under which a host stands in known_hosts. */
export function nameOf({ address, port }: Endpoint): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

function appliesTo(entry: KnownHost, endpoint: Endpoint): boolean {
  const name = nameOf(endpoint);
  const isMeant = (pattern: string) => (pattern.startsWith('|') ? isHashOf(pattern, name) : isGlobOf(pattern, name));
  if (entry.patterns.some((pattern) => pattern.startsWith('!') && isMeant(pattern.slice(1)))) return false;
  return entry.patterns.some((pattern) => !pattern.startsWith('!') && isMeant(pattern));
}

/** `|1|salt|hash`: HMAC-SHA1 of the name. */
function isHashOf(pattern: string, name: string): boolean {
  const [, scheme, salt, hash] = pattern.split('|');
  if (scheme !== '1' || salt === undefined || hash === undefined) return false;
  return hashOf(name, Buffer.from(salt, 'base64')) === hash;
}

function hashOf(name: string, salt: Buffer): string {
  return createHmac('sha1', salt).update(name).digest('base64');
}

function isGlobOf(pattern: string, name: string): boolean {
  const literal = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}
