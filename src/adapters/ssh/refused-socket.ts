import { quoted, type RunResult } from '../link.ts';

/**
 * Why a unix socket on a host could not be opened, in words. The SSH server gives the same answer for every cause, so
 * we look for ourselves, with one command.
 */
export async function whySocketIsRefused(
  path: string,
  user: string,
  run: (line: string) => Promise<RunResult>,
): Promise<string> {
  const { stdout } = await run(looking(path));
  const [finding = '', owner = '?', mode = '?'] = stdout.trim().split(' ');
  switch (finding) {
    case 'missing':
      return 'there is no such file, or no way to it';
    case 'no-socket':
      return 'it is not a socket';
    case 'denied':
      return `${user} may not use it (it belongs to ${owner}, mode ${mode})`;
    case 'listening':
      return 'its SSH server does not allow it: AllowStreamLocalForwarding or DisableForwarding in sshd_config';
    default:
      return 'nothing listens on it, or its SSH server does not allow it (AllowStreamLocalForwarding in sshd_config)';
  }
}

/** A socket of another network namespace is not in /proc/net/unix, so that its absence there proves nothing. */
function looking(path: string): string {
  const file = quoted(path);
  return [
    `if ! test -e ${file}; then echo missing`,
    `elif ! test -S ${file}; then echo no-socket`,
    `elif ! test -w ${file}; then echo denied $(stat -c '%U:%G %a' ${file})`,
    `elif grep -qF ${quoted(` ${path}`)} /proc/net/unix; then echo listening`,
    'else echo unclear; fi',
  ].join('; ');
}
