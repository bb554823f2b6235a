import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../src/config/document.ts';
import { VaultText } from '../../src/config/values.ts';
import { Vault } from '../../src/config/vault.ts';
import { readArchive } from './inventory/parity/archive.ts';

/** What `ansible-vault` has encrypted. */
function recorded(name: string, file: string): string {
  const archive = readFileSync(join(import.meta.dirname, 'inventory/parity/cases', `${name}.txt`), 'utf8');
  return readArchive(archive).get(file)?.text ?? '';
}

const file = recorded('vault-file', 'group_vars/web/vault.yml');
const withId = recorded('vault-ids', 'host_vars/fe1.yml');
const own = { id: 'default', password: 'swordfish' };
const other = { id: 'dev', password: 'trout' };

function valueIn(text: string, vault: Vault): string {
  const { own: value } = readDocument('fe1.yml', text, vault).value as { own: unknown };
  if (!(value instanceof VaultText)) throw new Error('is not encrypted');
  return value.open();
}

describe('Vault', () => {
  it('opens a file of ansible-vault, and keeps everything in it secret', () => {
    const vault = new Vault([own]);

    const { value } = readDocument('vault.yml', file, vault);

    expect(value).toEqual({ db_password: 'from-the-file', port: 5432, ratio: '2.0' });
    expect(vault.secrets.hide('db: from-the-file at 5432')).toBe('db: (hidden) at (hidden)');
  });

  it('opens a value when it is asked for, and knows it for a secret from then on', () => {
    const vault = new Vault([own, other]);
    const { own: value } = readDocument('fe1.yml', withId, vault).value as { own: VaultText };

    expect(vault.secrets.isEmpty).toBe(true);
    expect(value.open()).toBe('hunter2-dev');
    expect(vault.secrets.hide('x hunter2-dev y')).toBe('x (hidden) y');
  });

  // prettier-ignore
  it.each([
    { why: 'no password',      passwords: [],           message: 'no password was given: use --vault-password-file, --vault-id or --ask-vault-pass' },
    { why: 'another password', passwords: [own],        message: 'the password is another (its vault id is "dev")' },
    { why: 'other passwords',  passwords: [own, { id: 'dev', password: 'x' }], message: 'none of the passwords is its own (its vault id is "dev")' },
  ])('says what is missing with $why', ({ passwords, message }) => {
    expect(() => valueIn(withId, new Vault(passwords))).toThrow(message);
  });

  it.each([
    { change: (text: string) => text.replace('AES256', 'AES'), message: 'its cipher "AES" is unknown' },
    { change: (text: string) => text.replace('1.1', '9.9'), message: 'its format "9.9" is unknown' },
    { change: (text: string) => text.slice(0, -3), message: 'it is damaged' },
    { change: (text: string) => text.replaceAll('3', 'z'), message: 'it is damaged' },
  ])('complains where the file begins: $message', ({ change, message }) => {
    const read = (): unknown => readDocument('vault.yml', change(file), new Vault([own]));

    expect(read).toThrow(`vault.yml:1:1: is encrypted with Ansible Vault, but ${message}`);
  });
});
