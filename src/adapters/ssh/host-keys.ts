import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import pLimit from 'p-limit';
import { Failure, isRefusal, reasonOf } from '../../errors.ts';
import { placeOf, type SshAddress } from './address.ts';
import {
  fingerprintOf,
  hostKeyAlgorithmsFor,
  keyTypeOf,
  knownHostsLine,
  nameOf,
  parseKnownHosts,
  verdictOn,
  type Endpoint,
  type HostKeyAlgorithm,
  type HostKeyVerdict,
  type KnownHost,
} from './known-hosts.ts';

/** One at a time, so that no key is added twice: several hosts may have it, or the same jump host. */
const writing = pLimit(1);

/** What is to be told of a key that is not known. */
export interface NewKey {
  /** The inventory's name of the host, or how the jump host is written. */
  readonly host: string;
  readonly place: string;
  /** Fingerprint and type. */
  readonly key: string;
  /** Where it would be added. */
  readonly file: string | undefined;
}

/** A host or jump host whose key is in no known_hosts file. */
export class UnknownHostKey extends Failure {
  readonly about: NewKey;
  /** Makes the key known, unless it has been made so meanwhile. */
  readonly add: () => Promise<void>;

  constructor(message: string, about: NewKey, add: () => Promise<void>) {
    super('unreachable', message);
    this.about = about;
    this.add = add;
  }
}

/** Decides whether a host is the one it should be. */
export class HostKeys {
  readonly #address: SshAddress;
  readonly #known: readonly KnownHost[];
  readonly #endpoint: Endpoint;
  #seen = '';

  /** Reads the known_hosts files as they are now; those that do not exist count as empty. */
  static async read(address: SshAddress): Promise<HostKeys> {
    const files = await Promise.all(
      address.knownHostsFiles.map(async (file) => parseKnownHosts(file, await textOf(file, address))),
    );
    return new HostKeys(address, files.flat());
  }

  private constructor(address: SshAddress, known: readonly KnownHost[]) {
    this.#address = address;
    this.#known = known;
    const { hostKeyAlias, address: name, port } = address;
    // As OpenSSH has it: an alias stands for name and port together.
    this.#endpoint = hostKeyAlias === undefined ? { address: name, port } : { address: hostKeyAlias, port: 22 };
  }

  /** The key that was shown and trusted, and where it is known from. */
  get seen(): string {
    return this.#seen;
  }

  /** In the order in which to ask for them. */
  get algorithms(): readonly HostKeyAlgorithm[] {
    return hostKeyAlgorithmsFor(this.#known, this.#endpoint);
  }

  /** @throws Failure `unreachable` when the key must not be trusted */
  async check(key: Buffer): Promise<void> {
    const { hostKeyChecking } = this.#address;
    const verdict = verdictOn(this.#known, this.#endpoint, key);
    this.#seen = `${words(key)}, ${this.#source(verdict)}`;
    if (verdict.kind === 'revoked') {
      throw this.#refusal(`its host key ${words(key)} is revoked by ${lineOf(verdict.entry)}`);
    }
    if (verdict.kind === 'known' || hostKeyChecking === 'no') return;
    if (verdict.kind === 'changed') throw this.#changed(key, verdict.entry);
    if (hostKeyChecking === 'accept-new') await this.#add(key);
    else throw this.#unknown(key, verdict.authority);
  }

  #source(verdict: HostKeyVerdict): string {
    if (verdict.kind === 'known') return `known by ${lineOf(verdict.entry)}`;
    if (this.#address.hostKeyChecking === 'no') return 'not checked';
    return `new in ${this.#address.newKeysFile ?? 'no file'}`;
  }

  /**
   * Makes it known, unless it has been made so meanwhile.
   *
   * @throws Failure `unreachable` when it cannot be written
   */
  async #add(key: Buffer): Promise<void> {
    await writing(async () => {
      const now = await HostKeys.read(this.#address);
      const file = this.#address.newKeysFile;
      if (file !== undefined && verdictOn(now.#known, this.#endpoint, key).kind === 'unknown')
        await this.#write(file, key);
    });
  }

  async #write(file: string, key: Buffer): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const text = await textOf(file, this.#address);
      const salt = this.#address.hashKnownHosts ? randomBytes(20) : undefined;
      const newline = text === '' || text.endsWith('\n') ? '' : '\n';
      await appendFile(file, `${newline}${knownHostsLine(this.#endpoint, key, salt)}\n`, { mode: 0o600 });
    } catch (error) {
      throw this.#refusal(
        `its host key ${words(key)} is new and cannot be added to ${file} (${reasonOf(error)})`,
        error,
      );
    }
  }

  #changed(key: Buffer, entry: KnownHost): Failure {
    return this.#refusal(
      `its host key has changed: it shows ${words(key)}, but ${lineOf(entry)} expects ` +
        `${words(Buffer.from(entry.key, 'base64'))}; somebody may be listening in, or the host was installed anew: ` +
        `if that is so, remove the line with ssh-keygen -R '${nameOf(this.#endpoint)}' -f ${entry.file}`,
    );
  }

  #unknown(key: Buffer, authority: KnownHost | undefined): UnknownHostKey {
    const { host, knownHostsFiles, openssh } = this.#address;
    const cannot = openssh
      ? 'but it has no certificate of it for this name'
      : 'which only --transport openssh can verify';
    const why = authority
      ? `${lineOf(authority)} trusts a certificate authority, ${cannot}`
      : `it is not in ${knownHostsFiles.join(' or ') || 'any known_hosts file'}`;
    const message =
      `its host key ${words(key)} is unknown: ${why}; compare the fingerprint with the host's own, ` +
      `then add it with sluice hosts trust, or check host keys with --host-key-checking accept-new`;
    const about = { host, place: placeOf(this.#address), key: words(key), file: this.#address.newKeysFile };
    return new UnknownHostKey(`Cannot reach ${placeOf(this.#address)}: ${message}`, about, () => this.#add(key));
  }

  #refusal(why: string, cause?: unknown): Failure {
    return new Failure('unreachable', `Cannot reach ${placeOf(this.#address)}: ${why}`, { cause });
  }
}

async function textOf(file: string, address: SshAddress): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isRefusal(error, 'ENOENT')) return '';
    const why = `the known hosts in ${file} cannot be read (${reasonOf(error)})`;
    throw new Failure('unreachable', `Cannot reach ${placeOf(address)}: ${why}`, { cause: error });
  }
}

/** `SHA256:… (ssh-ed25519)` */
function words(key: Buffer): string {
  return `${fingerprintOf(key)} (${keyTypeOf(key)})`;
}

function lineOf({ file, line }: KnownHost): string {
  return `${file}:${line}`;
}
