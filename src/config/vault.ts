import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { Secrets } from '../rollout/secret.ts';
import { VaultText } from './values.ts';

export interface VaultPassword {
  /** The vault id; `default` where none was given. */
  readonly id: string;
  readonly password: string;
}

/** What is encrypted cannot be read; the message completes "…: it is encrypted with Ansible Vault, and". */
export class VaultProblem extends Error {
  override readonly name = 'VaultProblem';
}

/** How a file or a value begins that is encrypted. */
export function isEnvelope(text: string): boolean {
  return text.startsWith('$ANSIBLE_VAULT;');
}

/** Opens what Ansible Vault has encrypted, and remembers everything that was in it as secret. */
export class Vault {
  readonly secrets = new Secrets();
  readonly #passwords: readonly VaultPassword[];
  readonly #opened = new Map<string, string>();

  constructor(passwords: readonly VaultPassword[] = []) {
    this.#passwords = passwords;
  }

  /**
   * The text in an envelope, with whichever password fits. Those of its own vault id are tried first.
   *
   * @throws VaultProblem
   */
  open(envelope: string): string {
    const known = this.#opened.get(envelope);
    if (known !== undefined) return known;
    const { id, ...sealed } = readEnvelope(envelope);
    if (this.#passwords.length === 0) {
      throw new VaultProblem('no password was given: use --vault-password-file, --vault-id or --ask-vault-pass');
    }
    const ofId = (one: VaultPassword): number => Number(one.id === id);
    for (const { password } of this.#passwords.toSorted((a, b) => ofId(b) - ofId(a))) {
      const text = decrypt(sealed, password);
      if (text === undefined) continue;
      this.#opened.set(envelope, text);
      return text;
    }
    const wanted = id === undefined ? '' : ` (its vault id is ${JSON.stringify(id)})`;
    throw new VaultProblem(
      this.#passwords.length === 1 ? `the password is another${wanted}` : `none of the passwords is its own${wanted}`,
    );
  }
}

/** What is encrypted, for whoever needs it: then it is opened, and known as secret from then on. */
export function sealed(envelope: string, vault: Vault): VaultText {
  return new VaultText(envelope, () => {
    const text = vault.open(envelope);
    vault.secrets.add(text);
    return text;
  });
}

interface Sealed {
  readonly salt: Buffer;
  readonly mac: Buffer;
  readonly ciphertext: Buffer;
}

/** @see https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html#ansible-vault-payload-format-1-1-1-2 */
export function readEnvelope(envelope: string): Sealed & { readonly id: string | undefined } {
  const [header = '', ...lines] = envelope.trim().split(/\r?\n/);
  const [, version, cipher, id] = header.trim().split(';');
  if (version !== '1.1' && version !== '1.2') throw damaged(`its format ${JSON.stringify(version ?? '')} is unknown`);
  if (cipher !== 'AES256') throw damaged(`its cipher ${JSON.stringify(cipher ?? '')} is unknown`);
  const payload = unhex(lines.map((line) => line.trim()).join('')).toString('latin1');
  const parts = payload.split('\n').map(unhex);
  const [salt, mac, ciphertext] = parts;
  if (!salt || !ciphertext || parts.length !== 3 || mac?.byteLength !== 32) throw damaged('it is damaged');
  return { salt, mac, ciphertext, id: version === '1.2' ? id : undefined };
}

function unhex(text: string): Buffer {
  if (!/^(?:[\da-fA-F]{2})*$/.test(text)) throw damaged('it is damaged');
  return Buffer.from(text, 'hex');
}

function damaged(why: string): VaultProblem {
  return new VaultProblem(why);
}

/** Undefined if the password is another. */
function decrypt({ salt, mac, ciphertext }: Sealed, password: string): string | undefined {
  const keys = pbkdf2Sync(password, salt, 10_000, 80, 'sha256');
  const own = createHmac('sha256', keys.subarray(32, 64)).update(ciphertext).digest();
  if (!timingSafeEqual(own, mac)) return undefined;
  // The MAC has vouched for the padding, which the cipher in counter mode leaves to us.
  const decipher = createDecipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64, 80));
  const padded = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0)).toString('utf8');
}
