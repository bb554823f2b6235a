import type { Failure } from '../../errors.ts';
import { printable } from './ranges.ts';
import { splitWords } from './words.ts';

interface Asked {
  /** The first of these variables that the host has, as text. */
  readonly read: (...names: readonly string[]) => string | undefined;
  readonly isSet: (name: string) => boolean;
  readonly refuse: (why: string) => Failure;
}

const YES: readonly string[] = ['true', 'yes', 'on', '1', 'y', 't'];
const NO: readonly string[] = ['false', 'no', 'off', '0', 'n', 'f', ''];

/** Of those that Ansible gives to sudo, and some that change nothing: without a password, with root's home. */
const HARMLESS_FLAGS: readonly string[] = ['-H', '-S', '-n', '--set-home', '--stdin', '--non-interactive'];

/**
 * Whether the host's variables ask to become root: only as it can be done without asking anybody, by `sudo -n`.
 *
 * @throws Failure `config` for any other way to become somebody
 */
export function becomesRoot(asked: Asked): boolean {
  const { read, refuse } = asked;
  const wanted = read('ansible_become')?.trim().toLowerCase() ?? '';
  if (NO.includes(wanted)) return false;
  if (!YES.includes(wanted)) throw refuse(`ansible_become should be true or false, is "${printable(wanted)}"`);
  const method = read('ansible_become_method') ?? 'sudo';
  if (method !== 'sudo' && method !== 'ansible.builtin.sudo')
    throw refuse(`ansible_become_method=${printable(method)} is not supported: only sudo is`);
  const user = read('ansible_become_user', 'ansible_sudo_user') ?? 'root';
  if (user !== 'root') throw refuse(`ansible_become_user=${printable(user)} is not supported: only root is`);
  const program = read('ansible_become_exe', 'ansible_sudo_exe') ?? 'sudo';
  if (program !== 'sudo')
    throw refuse(`ansible_become_exe=${printable(program)} is not supported: only the sudo in the user's PATH is`);
  refuseFlags(asked);
  refusePasswords(asked);
  return true;
}

function refuseFlags({ read, refuse }: Asked): void {
  const flags = read('ansible_become_flags', 'ansible_sudo_flags') ?? '';
  const other = (splitWords(flags, 'without comments') ?? [{ text: flags }]).find(
    ({ text }) => !HARMLESS_FLAGS.includes(text),
  );
  if (other === undefined) return;
  throw refuse(`ansible_become_flags has ${printable(other.text)}, which is not supported: sudo is given -n, no more`);
}

function refusePasswords({ isSet, refuse }: Asked): void {
  // By name alone: a value of the vault need not be decrypted for that.
  const names = ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass', 'ansible_sudo_password'];
  const password = names.find(isSet);
  if (password === undefined) return;
  const instead = 'let the user sudo without a password (NOPASSWD in sudoers), and take it out';
  throw refuse(`${password} is set, but sluice gives sudo no password: ${instead}`);
}
