import { quoted, type Link } from '../link.ts';

/**
 * Whether an HAProxy of that id runs, seen in /proc: `kill -0` would need the right to signal it. One that has ended
 * keeps its entry there until its parent takes notice, which may be never.
 */
export async function processRuns(link: Link, pid: number): Promise<boolean> {
  const isRunning = `grep -qs '^State:[[:space:]]*[^ZX[:space:]]' /proc/${pid}/status`;
  return (await link.run(`read -r c < /proc/${pid}/comm && test "$c" = haproxy && ${isRunning}`)).exitCode === 0;
}

/** The first of these paths that is a socket, or undefined. */
export async function firstSocket(link: Link, paths: readonly string[]): Promise<string | undefined> {
  const words = paths.map(quoted).join(' ');
  const { stdout } = await link.run(`for p in ${words}; do if [ -S "$p" ]; then printf '%s' "$p"; break; fi; done`);
  return stdout === '' ? undefined : stdout;
}
