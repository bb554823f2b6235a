import { access } from 'node:fs/promises';
import ssh2, { type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';
import { reasonOf } from '../../errors.ts';
import type { SshAddress } from './address.ts';
import { keysOfAgent } from './agent.ts';
import { publicKeyOf, type KeyFile, type KeyFiles } from './key-files.ts';
import { fingerprintOf } from './known-hosts.ts';

/** One key that can be shown to a host. */
interface Identity {
  readonly key: ParsedKey;
  /** In words: a file, or the agent. */
  readonly from: string;
  /** `data` signed; undefined: the key in this file must be unlocked first. */
  readonly sign: ((data: Buffer, hash: string | undefined) => Promise<Buffer>) | { readonly locked: string };
}

/** What can be shown to a host to be let in. */
export interface Credentials {
  readonly identities: readonly Identity[];
  /** What was tried and what could not be, for the message when none is accepted. */
  readonly notes: readonly string[];
}

/**
 * In the order in which to try them: the identity files that an agent holds, those that are to be had without asking,
 * the agent's other keys, and at last those that need a passphrase. Files come early because they were named for this
 * host: a server hangs up after some keys (`MaxAuthTries`), and an agent may hold many.
 */
export async function credentialsFor(address: SshAddress, keyFiles: KeyFiles): Promise<Credentials> {
  const [agent, files] = await Promise.all([agentOf(address), filesOf(address, keyFiles)]);
  const named: Identity[] = [];
  const locked: Identity[] = [];
  for (const { file, content } of files) {
    if (content.kind === 'missing' || content.kind === 'unusable' || !content.key) continue;
    const { key } = content;
    const held = agent.identities.find((one) => one.key.getPublicSSH().equals(key.getPublicSSH()));
    if (held) named.push({ ...held, from: `${file} (in ssh-agent)` });
    else if (content.kind === 'key')
      named.push({ key, from: file, sign: async (data, hash) => signed(key, data, hash) });
    else if (content.kind === 'locked') locked.push({ key, from: file, sign: { locked: file } });
  }
  const others = address.identitiesOnly
    ? []
    : agent.identities.filter(({ key }) => !named.some((one) => isSame(one.key, key)));
  return {
    identities: [...named, ...others, ...locked],
    notes: [...notesOn(files), agent.note, ...(await certificatesAmong(address, files))].filter((note) => note !== ''),
  };
}

function isSame(one: ParsedKey, other: ParsedKey): boolean {
  return one.getPublicSSH().equals(other.getPublicSSH());
}

interface ReadFile {
  readonly file: string;
  readonly content: KeyFile;
}

/** One whose public half is not to be had must be unlocked before it can be known whether the host would take it. */
async function filesOf({ identityFiles }: SshAddress, keyFiles: KeyFiles): Promise<readonly ReadFile[]> {
  const read: ReadFile[] = [];
  for (const file of identityFiles) {
    let content = await keyFiles.read(file);
    if (content.kind === 'locked' && !content.key) {
      await keyFiles.unlock(file);
      content = await keyFiles.read(file);
    }
    read.push({ file, content });
  }
  return read;
}

function notesOn(files: readonly ReadFile[]): readonly string[] {
  const missing = files.filter(({ content }) => content.kind === 'missing').map(({ file }) => file);
  const known = files.flatMap(({ file, content }) => {
    if (content.kind === 'missing') return [];
    if (content.kind === 'public') return [`${file} (only the public half is here)`];
    return [content.kind === 'unusable' ? `${file} ${content.why}` : file];
  });
  return [...known, ...(missing.length === 0 ? [] : [`${missing.join(', ')} (not there)`])];
}

async function agentOf({ agentSocket, identitiesOnly }: SshAddress): Promise<{
  readonly identities: readonly Identity[];
  readonly note: string;
}> {
  if (agentSocket === undefined) return { identities: [], note: 'no ssh-agent (SSH_AUTH_SOCK is not set)' };
  try {
    const keys = await keysOfAgent(agentSocket);
    const agent = ssh2.createAgent(agentSocket);
    const identities = keys.flatMap(({ blob, comment }): Identity[] => {
      const key = publicKeyOf(blob);
      return key
        ? [{ key, from: `ssh-agent (${comment})`, sign: (data, hash) => signedBy(agent, key, data, hash) }]
        : [];
    });
    const unknown = keys.length - identities.length;
    const some = identitiesOnly
      ? 'those keys of ssh-agent that are named (IdentitiesOnly)'
      : `${identities.length} of ssh-agent`;
    const rest =
      unknown === 0
        ? ''
        : `; ${unknown} more of ssh-agent are certificates or security keys, which only --transport openssh can use`;
    return { identities, note: `${some}${rest}` };
  } catch (error) {
    return { identities: [], note: `no ssh-agent (${agentSocket}: ${reasonOf(error)})` };
  }
}

/** A server that takes certificates only lets nobody in by the key alone. */
async function certificatesAmong(
  { certificateFiles }: SshAddress,
  files: readonly ReadFile[],
): Promise<readonly string[]> {
  const beside = files.map(({ file }) => `${file}-cert.pub`);
  const found = await Promise.all(
    [...new Set([...certificateFiles, ...beside])].map(async (certificate) => {
      const isThere = await access(certificate).then(
        () => true,
        () => false,
      );
      return isThere ? [`not the certificate ${certificate}, which only --transport openssh can use`] : [];
    }),
  );
  return found.flat();
}

async function signed(key: ParsedKey, data: Buffer, hash: string | undefined): Promise<Buffer> {
  // The typings say that it throws.
  const signature: Buffer | Error = key.sign(data, hash);
  if (signature instanceof Error) throw signature;
  return Promise.resolve(signature);
}

function signedBy(agent: ssh2.BaseAgent, key: ParsedKey, data: Buffer, hash: string | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    agent.sign(key, data, { hash } as SigningRequestOptions, (error, signature) => {
      if (error || !signature) reject(error ?? new Error('ssh-agent does not sign'));
      else resolve(signature);
    });
  });
}

type PublicKey = ParsedKey | Buffer | string;

/** The identities as an agent of ssh2's, which shows a host the public half before it asks for a signature. */
export class Identities extends ssh2.BaseAgent {
  readonly #identities: readonly Identity[];
  readonly #onLocked: (file: string) => void;
  #last: Identity | undefined;

  /** `onLocked`: the host would take the key in that file; there is no answer then. */
  constructor(identities: readonly Identity[], onLocked: (file: string) => void) {
    super();
    this.#identities = identities;
    this.#onLocked = onLocked;
  }

  /** Whose signature was asked for last: when the host lets us in, it is by this one. */
  get accepted(): string | undefined {
    return this.#last && `${this.#last.from} ${fingerprintOf(this.#last.key.getPublicSSH())}`;
  }

  override getIdentities(give: IdentityCallback<PublicKey>): void {
    give(
      undefined,
      this.#identities.map(({ key }) => key),
    );
  }

  override sign(
    key: PublicKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const give = typeof options === 'function' ? options : done;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#last = this.#identities.find((one) => one.key === key);
    const sign = this.#last?.sign;
    if (typeof sign === 'function') {
      sign(data, hash).then(
        (signature) => give?.(undefined, signature),
        (error: unknown) => give?.(error instanceof Error ? error : new Error(reasonOf(error))),
      );
    } else if (sign) this.#onLocked(sign.locked);
    else give?.(new Error('no such key'));
  }
}
