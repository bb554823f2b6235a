/** The passwords of Ansible Vault: what the command line and the environment say of them, and reading them. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { Complaints, failureOf } from '../config/document.ts';
import { isFolder, textOf } from '../config/reading.ts';
import { Vault, type VaultPassword } from '../config/vault.ts';
import { Failure, reasonOf } from '../errors.ts';
import { promptSecret } from './prompt.ts';
import type { Surroundings } from './surroundings.ts';

/** Where one password comes from: a file, a program that prints it, or the terminal. */
export interface VaultSource {
  /** The vault id. */
  readonly id: string;
  /** Undefined: it is asked for. */
  readonly path: string | undefined;
}

export const vaultOptions = {
  'vault-password-file': {
    alias: 'vault-pass-file',
    array: true,
    nargs: 1,
    type: 'string',
    describe: 'File with the password of Ansible Vault, or a program that prints it (repeatable)',
  },
  'vault-id': {
    array: true,
    nargs: 1,
    type: 'string',
    describe: 'The same as id@file, or id@prompt to be asked (repeatable)',
  },
  'ask-vault-pass': {
    alias: 'ask-vault-password',
    type: 'boolean',
    default: false,
    describe: 'Ask for the password of Ansible Vault',
  },
} as const;

export interface VaultArgs {
  readonly 'vault-password-file'?: string[] | undefined;
  readonly 'vault-id'?: string[] | undefined;
  readonly 'ask-vault-pass': boolean;
}

const DEFAULT_ID = 'default';

/** Those of the command line, or else those of the environment, as Ansible has it. */
export function vaultSourcesOf(args: VaultArgs, environment: Surroundings['environment']): readonly VaultSource[] {
  const listed = environment['ANSIBLE_VAULT_IDENTITY_LIST']?.split(',').map((it) => it.trim());
  const ids = args['vault-id'] ?? listed ?? [];
  const ofEnvironment = environment['ANSIBLE_VAULT_PASSWORD_FILE'];
  const files = args['vault-password-file'] ?? (ofEnvironment === undefined ? [] : [ofEnvironment]);
  return [
    ...ids.filter((it) => it !== '').map(sourceOf),
    ...files.filter((it) => it !== '').map((path) => ({ id: DEFAULT_ID, path })),
    ...(args['ask-vault-pass'] ? [{ id: DEFAULT_ID, path: undefined }] : []),
  ];
}

/** `id@source`, or a source alone. */
function sourceOf(written: string): VaultSource {
  const at = written.indexOf('@');
  const id = at > 0 ? written.slice(0, at) : DEFAULT_ID;
  const source = at === -1 ? written : written.slice(at + 1);
  return { id, path: source === 'prompt' || source === 'prompt_ask_vault_pass' ? undefined : source };
}

/**
 * The vault, with all of its passwords read or asked for.
 *
 * @throws Failure `config` if one cannot be had
 */
export async function openVault(sources: readonly VaultSource[], surroundings: Surroundings): Promise<Vault> {
  const passwords: VaultPassword[] = [];
  for (const source of sources) {
    const { id, path } = source;
    const what = path ?? `the vault password of ${id}`;
    const password = path === undefined ? await asked(id, surroundings) : passwordIn(path, id);
    if (password === '') throw new Failure('config', `Cannot open the vault: ${what} is empty`);
    passwords.push({ id, password });
  }
  return new Vault(passwords);
}

async function asked(id: string, surroundings: Surroundings): Promise<string> {
  const { stdin, stop } = surroundings;
  if (!stdin.isTTY) {
    throw new Failure('config', 'Cannot ask for the vault password without a terminal: use --vault-password-file');
  }
  const whose = id === DEFAULT_ID ? '' : ` (${id})`;
  const asking = { surroundings, signal: stop.beforeNext };
  const password = await promptSecret(`Vault password${whose}:`, asking, (answer) => answer ?? '');
  stop.beforeNext.throwIfAborted();
  return password;
}

function passwordIn(path: string, id: string): string {
  const refuse = (why: string): Failure => new Failure('config', `Cannot read the vault password in ${path}: ${why}`);
  if (isProgram(path)) return printedBy(path, id, refuse).trim();
  try {
    return textOf(path, 1).trim();
  } catch (error) {
    if (error instanceof Complaints) throw failureOf(error.complaints);
    throw refuse(reasonOf(error));
  }
}

/** A program called `…-client` is told which vault id is wanted. */
function printedBy(path: string, id: string, refuse: (why: string) => Failure): string {
  const args = basename(path, extname(path)).endsWith('-client') ? ['--vault-id', id] : [];
  const { stdout, status, error } = spawnSync(resolve(path), args, {
    stdio: ['inherit', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (error) throw refuse(`it cannot be run: ${reasonOf(error)}`);
  if (status !== 0) throw refuse(`it ended with status ${status ?? 'none'}`);
  return stdout;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return !isFolder(path);
  } catch {
    return false;
  }
}
