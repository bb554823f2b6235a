import { IS_OUT_OF_SIGHT, quoted, type RunResult } from '../link.ts';

export interface SocketFinding {
  /** Why it could not be opened, in words. */
  readonly why: string;
  /** No command could open it either, as whoever looked. */
  readonly isHopeless: boolean;
  /** There certainly is none. */
  readonly isAbsent: boolean;
}

/**
 * Looks at a unix socket on a host that could not be opened. The SSH server gives the same answer for every cause, so we
 * look for ourselves, with one command.
 */
export async function lookAt(
  path: string,
  user: string,
  run: (line: string) => Promise<RunResult>,
): Promise<SocketFinding> {
  const { stdout } = await run(looking(path));
  const [finding = '', owner = '?', mode = '?'] = stdout.trim().split(' ');
  switch (finding) {
    case 'missing':
      return { why: 'there is no such file', isHopeless: true, isAbsent: true };
    case 'out-of-sight':
      return { why: `there is no such file, or ${user} may not see it`, isHopeless: true, isAbsent: false };
    case 'no-socket':
      return { why: 'it is not a socket', isHopeless: true, isAbsent: true };
    case 'denied':
      return {
        why:
          `${user} may not use it (it belongs to ${owner}, mode ${mode}): ` +
          `put ${user} into its group, or let sluice become root (ansible_become)`,
        ...{ isHopeless: true, isAbsent: false },
      };
    case 'listening':
      return {
        why: 'its SSH server does not allow it: AllowStreamLocalForwarding or DisableForwarding in sshd_config',
        ...{ isHopeless: false, isAbsent: false },
      };
    default:
      return {
        why: 'nothing listens on it, or its SSH server does not allow it (AllowStreamLocalForwarding in sshd_config)',
        ...{ isHopeless: false, isAbsent: false },
      };
  }
}

/** A socket of another network namespace is not in /proc/net/unix, so that its absence there proves nothing. */
function looking(path: string): string {
  const file = quoted(path);
  return [
    `if ! test -e ${file}; then p=${file}; if ${IS_OUT_OF_SIGHT}; then echo out-of-sight; else echo missing; fi`,
    `elif ! test -S ${file}; then echo no-socket`,
    `elif ! test -w ${file}; then echo denied $(stat -c '%U:%G %a' ${file})`,
    `elif grep -qF ${quoted(` ${path}`)} /proc/net/unix; then echo listening`,
    'else echo unclear; fi',
  ].join('; ');
}
