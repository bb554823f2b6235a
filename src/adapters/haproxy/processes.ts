import { dirname, isAbsolute } from 'node:path';
import { Failure } from '../../errors.ts';
import type { BalancerPlace } from '../../rollout/model.ts';
import { quoted, type Link } from '../link.ts';
import { onHost, type Inside } from './inside.ts';
import { askOver, type Ask } from './runtime-socket.ts';

/** How the other processes of one HAProxy are found: through its master's socket, or among those of its host. */
export interface Processes {
  /** The way to the master, or undefined when it has no socket that we may use. */
  readonly master: () => Promise<Ask | undefined>;
  /** Whether the master's socket was named, so that it must work. */
  readonly isMasterNamed: boolean;
  /** Ids of the other processes of the HAProxy that `pid` belongs to; undefined when that cannot be seen. */
  readonly kin: (pid: number) => Promise<readonly number[] | undefined>;
  /** Whether an HAProxy of that id runs. */
  readonly runs: (pid: number) => Promise<boolean>;
}

/** An exit status of our own: no HAProxy of that id is to be seen in /proc. */
const NOT_SEEN = 3;

export function processesOver(link: Link, { socket, masterSocket }: BalancerPlace, inside: Inside = onHost): Processes {
  let found: Promise<string | undefined> | undefined;
  const customary = async (): Promise<string | undefined> => {
    try {
      return await usableSocket(link, await Promise.all(customaryMasters(socket).map(inside.pathOf)));
    } catch (error) {
      // Of a look that failed nothing is known: the next one looks again.
      found = undefined;
      throw error;
    }
  };
  return {
    isMasterNamed: masterSocket !== undefined,
    master: async () => {
      const path = masterSocket === undefined ? await (found ??= customary()) : await inside.pathOf(masterSocket);
      return path === undefined ? undefined : askOver(link, { socket: path }, { endsBy: 'empty line' });
    },
    kin: async (pid) => kinOf(link, pid, await inside.procDir()),
    runs: async (pid) => runs(link, pid, await inside.procDir()),
  };
}

/**
 * Whether an HAProxy of that id runs, seen in /proc: `kill -0` would need the right to signal it. One that has ended
 * keeps its entry there until its parent takes notice, which may be never.
 */
async function runs(link: Link, pid: number, proc: string): Promise<boolean> {
  const status = quoted(`${proc}/${pid}/status`);
  const isRunning = `grep -qs '^State:[[:space:]]*[^ZX[:space:]]' ${status}`;
  const name = quoted(`${proc}/${pid}/comm`);
  const isHaproxy = `case "$c" in haproxy*) ${isRunning} ;; *) false ;; esac`;
  return (await link.run(`read -r c < ${name} && ${isHaproxy}`)).exitCode === 0;
}

/** Where a master's socket is by custom. It is ours only if its master knows our process, see `oldWorkersOf`. */
export function customaryMasters(socket: string): readonly string[] {
  const names = isAbsolute(socket) ? ['haproxy-master.sock', 'master.sock'] : [];
  const beside = names.map((name) => `${dirname(socket)}/${name}`);
  const customary = ['/run/haproxy-master.sock', '/var/run/haproxy-master.sock', '/var/lib/haproxy/master.sock'];
  return [...new Set([...beside, ...customary])];
}

async function usableSocket(link: Link, paths: readonly string[]): Promise<string | undefined> {
  const words = paths.map(quoted).join(' ');
  const { stdout } = await link.run(
    `for p in ${words}; do if [ -S "$p" ] && [ -w "$p" ]; then printf '%s' "$p"; break; fi; done`,
  );
  return stdout === '' ? undefined : stdout;
}

/**
 * With a master, the kin of a worker are the other children of that master; without one, the processes started with
 * the same arguments, but for those that a reload adds. An HAProxy with another configuration is neither. Builtins
 * only where every process is looked at.
 */
async function kinOf(link: Link, pid: number, proc: string): Promise<readonly number[] | undefined> {
  const script = `p=${pid} r=${quoted(proc)}
parent() { s=; m=; while read -r k v _; do case "$k" in State:) s=$v ;; PPid:) m=$v; break ;; esac; done < "$r/$1/status"; } 2> /dev/null
arguments() { tr '\\0' ' ' < "$r/$1/cmdline" | sed 's/ -s[ft]\\( [0-9][0-9]*\\)*//; s/ -x [^ ]*//'; }
name() { n=; read -r n < "$r/$1/comm"; } 2> /dev/null
name $p; own=$n; case "$own" in haproxy*) ;; *) exit ${NOT_SEEN} ;; esac
parent $p; master=$m; name "$master"; [ "$n" = "$own" ] || { master=; wanted=$(arguments $p); }
for d in "$r"/[0-9]*; do
  q=\${d##*/}; name $q
  [ "$n" = "$own" ] && [ $q != $p ] || continue
  parent $q; [ "$s" != Z ] && [ -n "$s" ] || continue
  if [ -n "$master" ]; then [ "$m" = "$master" ] || continue
  else name "$m"; [ "$n" != "$own" ] && [ "$(arguments $q 2> /dev/null)" = "$wanted" ] || continue; fi
  echo $q
done`;
  const { exitCode, stdout, stderr } = await link.run(script);
  if (exitCode === NOT_SEEN) return undefined;
  if (exitCode !== 0) throw new Failure('error', `Cannot look at the processes of ${link.host}: ${stderr.trim()}`);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
}
