import { Failure } from '../../errors.ts';
import { quoted, type RunResult } from '../link.ts';

/** A command line as root, in a POSIX shell. */
export function asRoot(line: string): string {
  return `sudo -n -- /bin/sh -c ${quoted(line)}`;
}

/**
 * Whether the user may become root, found out once per connection rather than by whatever is run first.
 *
 * @throws Failure `refused` when they may not
 */
export async function demandSudo(host: string, user: string, run: (line: string) => Promise<RunResult>): Promise<void> {
  const { exitCode, stderr } = await run('sudo -n -- true');
  if (exitCode === 0) return;
  const said = stderr
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .replace(/^sudo: /, '');
  const why = said === '' ? `status ${exitCode}` : said;
  throw new Failure(
    'refused',
    `Cannot become root on ${host}: sudo -n says: ${why} (${user} needs NOPASSWD in sudoers)`,
  );
}
