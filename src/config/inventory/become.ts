import type { HostVars } from './host-vars.ts';
import { printable } from './ranges.ts';
import { splitWords } from './words.ts';

const YES: readonly string[] = ['true', 'yes', 'on', '1', 'y', 't'];
const NO: readonly string[] = ['false', 'no', 'off', '0', 'n', 'f', ''];

/** Of those that Ansible gives to sudo, and some that change nothing: without a password, with root's home. */
const HARMLESS_FLAGS: readonly string[] = ['-H', '-S', '-n', '--set-home', '--stdin', '--non-interactive'];

/**
 * Whether the host's variables ask to become root: only as it can be done without asking anybody, by `sudo -n`.
 *
 * @throws Failure `config` for any other way to become somebody
 */
export function becomesRoot(vars: HostVars): boolean {
  const wanted = vars.read('ansible_become')?.trim().toLowerCase() ?? '';
  if (NO.includes(wanted)) return false;
  if (!YES.includes(wanted))
    throw vars.refusal(`ansible_become should be true or false, is "${printable(wanted)}"`, 'ansible_become');
  refuseOther(vars, ['ansible_become_method'], { is: ['sudo', 'ansible.builtin.sudo'], only: 'sudo is' });
  refuseOther(vars, ['ansible_become_user', 'ansible_sudo_user'], { is: ['root'], only: 'root is' });
  const only = "the sudo in the user's PATH is";
  refuseOther(vars, ['ansible_become_exe', 'ansible_sudo_exe'], { is: ['sudo'], only });
  refuseFlags(vars);
  refusePasswords(vars);
  return true;
}

function refuseOther(
  vars: HostVars,
  names: readonly string[],
  { is, only }: { readonly is: readonly string[]; readonly only: string },
): void {
  const value = vars.read(...names);
  if (value === undefined || is.includes(value)) return;
  const name = vars.nameOf(...names) ?? '';
  throw vars.refusal(`${name}=${printable(value)} is not supported: only ${only}`, name);
}

function refuseFlags(vars: HostVars): void {
  const names = ['ansible_become_flags', 'ansible_sudo_flags'];
  const flags = vars.read(...names) ?? '';
  const other = (splitWords(flags, 'without comments') ?? [{ text: flags }]).find(
    ({ text }) => !HARMLESS_FLAGS.includes(text),
  );
  if (other === undefined) return;
  const why = `has ${printable(other.text)}, which is not supported: sudo is given -n, no more`;
  throw vars.refusal(`${vars.nameOf(...names) ?? ''} ${why}`, ...names);
}

function refusePasswords(vars: HostVars): void {
  const names = ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass', 'ansible_sudo_password'];
  const password = vars.nameOf(...names);
  if (password === undefined) return;
  const instead = 'let the user sudo without a password (NOPASSWD in sudoers), and take it out';
  throw vars.refusal(`${password} is set, but sluice gives sudo no password: ${instead}`, password);
}
