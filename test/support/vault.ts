/** What `ansible-vault encrypt_string` makes. */
import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

export function sealed(text: string, password: string): string {
  const salt = randomBytes(32);
  const keys = pbkdf2Sync(password, salt, 10_000, 80, 'sha256');
  const padding = 16 - (Buffer.byteLength(text) % 16);
  const cipher = createCipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64));
  const hidden = Buffer.concat([cipher.update(text), cipher.update(Buffer.alloc(padding, padding)), cipher.final()]);
  const mac = createHmac('sha256', keys.subarray(32, 64)).update(hidden).digest();
  const body = Buffer.from([salt, mac, hidden].map((part) => part.toString('hex')).join('\n')).toString('hex');
  return ['$ANSIBLE_VAULT;1.1;AES256', ...(body.match(/.{1,80}/g) ?? [])].join('\n');
}
