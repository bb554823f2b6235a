import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import ssh2, { type ParsedKey } from 'ssh2';
import { isRefusal, reasonOf } from '../../errors.ts';
import { keyTypeOf } from './known-hosts.ts';

/**
 * Asks for a passphrase, and gives what `judge` makes of it; undefined: they would not say. What is typed meanwhile, in
 * advance of another question, is not shown either.
 */
export type AskSecret = <T>(question: string, judge: (answer: string | undefined) => T) => Promise<T>;

/** One identity file, as far as it is known. */
export type KeyFile =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  /** `key`: the public half, when that is to be had without the passphrase. */
  | { readonly kind: 'locked'; readonly key: ParsedKey | undefined }
  /** Only the public half is here: an agent may have the other. */
  | { readonly kind: 'public'; readonly key: ParsedKey }
  | { readonly kind: 'missing' }
  /** `why`: in words, in parentheses. */
  | { readonly kind: 'unusable'; readonly why: string };

const TRIES = 3;

/** The identity files of a run: each is read once, since to decrypt one takes 200 ms, and asked for once. */
export class KeyFiles {
  readonly #ask: AskSecret | undefined;
  readonly #files = new Map<string, Promise<KeyFile>>();
  readonly #unlocking = new Map<string, Promise<void>>();
  /** One question at a time. */
  readonly #questions = pLimit(1);

  /** `ask`: undefined when there is no terminal. */
  constructor(ask: AskSecret | undefined) {
    this.#ask = ask;
  }

  read(file: string): Promise<KeyFile> {
    const known = this.#files.get(file) ?? keyFileIn(file);
    this.#files.set(file, known);
    return known;
  }

  /** Asks for the passphrase. Afterwards the file is either a key or unusable. */
  unlock(file: string): Promise<void> {
    const known = this.#unlocking.get(file) ?? this.#questions(() => this.#unlocked(file));
    this.#unlocking.set(file, known);
    return known;
  }

  async #unlocked(file: string): Promise<void> {
    const result = await this.#asked(file);
    this.#files.set(file, Promise.resolve(result));
  }

  async #asked(file: string): Promise<KeyFile> {
    const unusable = (why: string): KeyFile => ({ kind: 'unusable', why: `(${why})` });
    if (!this.#ask)
      return unusable('has a passphrase, and there is no terminal to ask for it: add it to ssh-agent with ssh-add');
    const text = await readFile(file);
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const question = attempt === 1 ? `Passphrase of ${file}:` : `That is not it. Passphrase of ${file}:`;
      const key = await this.#ask(question, (answer = '') => (answer === '' ? undefined : parsed(text, answer)));
      if (key === undefined) return unusable('has a passphrase, which was not given');
      if (!(key instanceof Error) && key.isPrivateKey()) return { kind: 'key', key };
    }
    return unusable('has another passphrase');
  }
}

async function keyFileIn(file: string): Promise<KeyFile> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    if (!isRefusal(error, 'ENOENT')) return { kind: 'unusable', why: `(cannot be read: ${reasonOf(error)})` };
    const key = await publicHalf(`${file}.pub`);
    return key ? { kind: 'public', key } : { kind: 'missing' };
  }
  const key = parsed(text);
  if (!(key instanceof Error)) return { kind: key.isPrivateKey() ? 'key' : 'public', key };
  if (/passphrase|encrypted/i.test(key.message)) {
    return { kind: 'locked', key: publicHalfIn(text) ?? (await publicHalf(`${file}.pub`)) };
  }
  const why = isSecurityKey(text)
    ? 'is of a security key (FIDO), which only --transport openssh can use'
    : `is no private key that can be used: ${key.message}`;
  return { kind: 'unusable', why: `(${why})` };
}

/** The typings say one key, but ssh2 gives an array for some formats; and an error is returned, not thrown. */
function parsed(text: Buffer, passphrase?: string): ParsedKey | Error {
  const result: ParsedKey | ParsedKey[] | Error = ssh2.utils.parseKey(text, passphrase);
  if (!Array.isArray(result)) return result;
  const [key] = result as readonly ParsedKey[];
  return key ?? new Error('it is empty');
}

async function publicHalf(file: string): Promise<ParsedKey | undefined> {
  const key = parsed(await readFile(file).catch(() => Buffer.of()));
  return key instanceof Error ? undefined : key;
}

/** OpenSSH's own format has the public half in the clear (PROTOCOL.key of OpenSSH, section 1). */
function publicHalfIn(text: Buffer): ParsedKey | undefined {
  const blob = bodyOf(text);
  if (!blob) return undefined;
  let at = MAGIC.length;
  const next = (): Buffer => {
    const start = at + 4;
    at = start + blob.readUInt32BE(at);
    return blob.subarray(start, at);
  };
  // Cipher, its key derivation, the options of that; then how many keys there are.
  for (let word = 1; word <= 3; word++) next();
  at += 4;
  return publicKeyOf(next());
}

const MAGIC = Buffer.from('openssh-key-v1\0');

function bodyOf(text: Buffer): Buffer | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(text.toString('latin1')) ?? [];
  const blob = Buffer.from(body ?? '', 'base64');
  return blob.subarray(0, MAGIC.length).equals(MAGIC) ? blob : undefined;
}

function isSecurityKey(text: Buffer): boolean {
  return bodyOf(text)?.includes('sk-') === true || text.toString('latin1').startsWith('sk-');
}

/**
 * Of a public key in SSH's binary form; undefined for those that ssh2 cannot use. It reads certificates, but signs for
 * them as no server has it.
 */
export function publicKeyOf(blob: Buffer): ParsedKey | undefined {
  const type = keyTypeOf(blob);
  if (type.includes('-cert-v')) return undefined;
  const key = parsed(Buffer.from(`${type} ${blob.toString('base64')}`));
  return key instanceof Error ? undefined : key;
}
