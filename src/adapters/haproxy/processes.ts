import { dirname, isAbsolute } from 'node:path';
import { Failure } from '../../errors.ts';
import type { BalancerPlace } from '../../rollout/model.ts';
import { quoted, type Link, type RunResult } from '../link.ts';
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

export function processesOver(link: Link, place: BalancerPlace, inside: Inside = onHost): Processes {
  const { socket, masterSocket } = place;
  const standpoint = standpointOf(link, inside);
  let found: Promise<string | undefined> | undefined;
  const customary = async (): Promise<string | undefined> => {
    try {
      return await usableSocket(await standpoint(), customaryMasters(socket));
    } catch (error) {
      // Of a look that failed nothing is known: the next one looks again.
      found = undefined;
      throw error;
    }
  };
  return {
    isMasterNamed: masterSocket !== undefined,
    master: async () => {
      const path = masterSocket ?? (await (found ??= customary()));
      return path === undefined ? undefined : askMaster(link, path, { place, inside });
    },
    kin: async (pid) => kinOf(await standpoint(), pid, link.host),
    runs: async (pid) => runs(await standpoint(), pid),
  };
}

/** Asks a master at its socket, as it is named where HAProxy runs. */
export function askMaster(
  link: Link,
  socket: string,
  { place, inside }: { readonly place: Pick<BalancerPlace, 'container'>; readonly inside: Inside },
): Ask {
  const { container } = isAbsolute(socket) ? place : {};
  return askOver(link, { socket, ...(container !== undefined && { container }) }, { endsBy: 'empty line', inside });
}

/** From where processes and sockets are looked at: from the host, or from within, where the host does not let us. */
interface Standpoint {
  readonly run: (script: string) => Promise<Pick<RunResult, 'exitCode' | 'stdout' | 'stderr'>>;
  readonly pathOf: (path: string) => Promise<string>;
  /** The /proc to look at. */
  readonly proc: string;
}

function standpointOf(link: Link, { pathOf, procDir, within }: Inside): () => Promise<Standpoint> {
  let isHidden: boolean | undefined;
  return async () => {
    const proc = await procDir();
    if (within) isHidden ??= (await link.run(`[ -e ${quoted(`${proc}/1/comm`)} ]`)).exitCode !== 0;
    if (!within || !isHidden) return { run: (script) => link.run(script), pathOf, proc };
    return {
      run: async (script) => {
        const { exitCode, output } = await within.run(['sh', '-c', script]);
        return { exitCode, stdout: output, stderr: output };
      },
      pathOf: onHost.pathOf,
      proc: '/proc',
    };
  };
}

/**
 * Whether an HAProxy of that id runs, seen in /proc: `kill -0` would need the right to signal it. One that has ended
 * keeps its entry there until its parent takes notice, which may be never.
 */
async function runs({ run, proc }: Standpoint, pid: number): Promise<boolean> {
  const status = quoted(`${proc}/${pid}/status`);
  const isRunning = `grep -qs '^State:[[:space:]]*[^ZX[:space:]]' ${status}`;
  const name = quoted(`${proc}/${pid}/comm`);
  const isHaproxy = `case "$c" in haproxy*) ${isRunning} ;; *) false ;; esac`;
  return (await run(`read -r c < ${name} && ${isHaproxy}`)).exitCode === 0;
}

/** Where a master's socket is by custom. It is ours only if its master knows our process, see `oldWorkersOf`. */
export function customaryMasters(socket: string): readonly string[] {
  const names = isAbsolute(socket) ? ['haproxy-master.sock', 'master.sock'] : [];
  const beside = names.map((name) => `${dirname(socket)}/${name}`);
  const customary = ['/run/haproxy-master.sock', '/var/run/haproxy-master.sock', '/var/lib/haproxy/master.sock'];
  return [...new Set([...beside, ...customary])];
}

/** The first of these that is there and may be used. */
async function usableSocket({ run, pathOf }: Standpoint, paths: readonly string[]): Promise<string | undefined> {
  const words = (await Promise.all(paths.map(pathOf))).map(quoted).join(' ');
  const { stdout } = await run(
    `i=0; for p in ${words}; do if [ -S "$p" ] && [ -w "$p" ]; then echo $i; break; fi; i=$((i+1)); done`,
  );
  return stdout === '' ? undefined : paths[Number(stdout)];
}

/**
 * With a master, the kin of a worker are the other children of that master; without one, the processes started with
 * the same arguments, but for those that a reload adds. An HAProxy with another configuration is neither. Builtins
 * only where every process is looked at.
 */
async function kinOf({ run, proc }: Standpoint, pid: number, host: string): Promise<readonly number[] | undefined> {
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
  const { exitCode, stdout, stderr } = await run(script);
  if (exitCode === NOT_SEEN) return undefined;
  if (exitCode !== 0) throw new Failure('error', `Cannot look at the processes of ${host}: ${stderr.trim()}`);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
}
