/** The HAProxys of a host and their sockets, by their command lines, configuration files and what /proc/net has of them. */
import { isAbsolute } from 'node:path';
import { listOf, parseProcesses, type RunThere, type SeenProcess } from './seen-processes.ts';

/** A stats socket of a configuration file, or a master's. */
export interface DeclaredSocket {
  /** The path or the address to reach it by, or as it is written where there is no way to it. */
  readonly socket: string;
  readonly isReachable: boolean;
  readonly isMaster: boolean;
  /** As declared, or by default. */
  readonly level: string;
  /** File and line, or `-S`. */
  readonly from: string;
  /** Whether somebody listens on it; undefined where that is not to be seen, as of an address. */
  readonly isListened: boolean | undefined;
}

/** An HAProxy that nobody started but itself: a master, or a process without one. */
export interface SeenHaproxy {
  readonly pid: number;
  /** The id of its container, of whatever engine. */
  readonly container: string | undefined;
  /** Whether it has other files than the host, and no container is known that it is in. */
  readonly isElsewhere: boolean;
  /** Whether its addresses are the host's. */
  readonly hasHostNetwork: boolean;
  readonly sockets: readonly DeclaredSocket[];
  /** Files and folders that it was started with, and that cannot be read. */
  readonly unreadable: readonly string[];
  /** Paths that are listened on in its network, and have been bound as HAProxy does it; declared or not. */
  readonly listened: readonly string[];
}

/**
 * After each process that is no other's child: `O` when it has other files than we, `C id` of its container, `N` when it
 * has our network, `L` with each unix socket that is listened on in its network, and of its configuration `F file`,
 * `S line:text`, or `X file` when that cannot be read. A folder is read as HAProxy does: its `*.cfg`, in order.
 */
const LINES = `lines() { [ -r "$1" ] || { echo "X $2"; return; }
  echo "F $2"; grep -n '^[[:space:]]*stats[[:space:]][[:space:]]*socket[[:space:]]' "$1" | sed 's/^/S /'; }
look() { case "$a" in /*) f=$r$a ;; *) f=$d/cwd/$a ;; esac
  if [ -d "$f" ]; then
    [ -r "$f" ] && [ -x "$f" ] || { echo "X $a"; return; }
    for g in "$f"/*.cfg; do [ ! -f "$g" ] || lines "$g" "\${a%/}/\${g##*/}"; done
  else lines "$f" "$a"; fi; }
`;
const MORE = `c=; read -r c < /proc/$m/comm; case "$c" in haproxy*) continue ;; esac
  r=; i=$(sed -n 's/.*\\([0-9a-f]\\{64\\}\\).*/\\1/p' $d/cgroup | head -n 1)
  if [ -n "$i" ]; then echo "C $i"; r=$d/root
  elif [ -e $d/root/run ] && ! [ $d/root/run -ef /run ]; then echo O; r=$d/root; fi
  if [ $d/net/unix -ef /proc/self/net/unix ]; then echo N; fi
  grep ' 00010000 ' $d/net/unix | sed 's/^/L /'
  tr '\\0' '\\n' < $d/cmdline | { p=; e=; while IFS= read -r a; do
    if [ "$p" = -f ] || [ -n "$e" ]; then look; fi
    [ "$a" != -- ] || e=1; p=$a; done; }`;

export async function seenHaproxys(run: RunThere): Promise<readonly SeenHaproxy[]> {
  const { output } = await run(['sh', '-c', `${LINES}${listOf(MORE)}`]);
  return parseHaproxys(output);
}

export function parseHaproxys(output: string): readonly SeenHaproxy[] {
  const processes = parseProcesses(output);
  const ids = new Set(processes.map(({ pid }) => pid));
  const tops = processes.filter(({ parent }) => !ids.has(parent));
  const blocks = output.split(/^(?=P \d+ )/m);
  return tops.map((process) => {
    const lines = (blocks.find((block) => block.startsWith(`P ${process.pid} `)) ?? '').split('\n');
    const listened = lines.flatMap((line) => listenedIn(line) ?? []);
    const isElsewhere = lines.includes('O');
    return {
      ...{ pid: process.pid, isElsewhere, hasHostNetwork: lines.includes('N') },
      container: tagged(lines, 'C')[0],
      sockets: [...socketsIn(lines), ...mastersOf(process)].map((one) => ({
        ...one,
        isListened: isListened(one, listened),
      })),
      unreadable: tagged(lines, 'X'),
      listened: listened.flatMap((path) => (isByHaproxy(path) ? [bare(path)] : [])),
    };
  });
}

function tagged(lines: readonly string[], tag: string): readonly string[] {
  return lines.flatMap((line) => (line.startsWith(`${tag} `) ? [line.slice(tag.length + 1)] : []));
}

type Unseen = Omit<DeclaredSocket, 'isListened'>;

function socketsIn(lines: readonly string[]): readonly Unseen[] {
  let file = '';
  return lines.flatMap((line) => {
    if (line.startsWith('F ')) file = line.slice(2);
    const [, number = '', text = ''] = /^S (\d+):(.*)$/.exec(line) ?? [];
    const [, , addresses = '', ...options] = wordsOf(text);
    const how = { isMaster: false, level: levelIn(options) ?? 'operator', from: `${file}:${number}` };
    return addresses === '' ? [] : addresses.split(',').map((address) => declared(address, how));
  });
}

/** `-S`: an address with options, such as `/run/haproxy-master.sock,mode,600`. */
function mastersOf({ words }: SeenProcess): readonly Unseen[] {
  const at = words.indexOf('-S');
  const [address = '', ...options] = at === -1 ? [] : (words[at + 1] ?? '').split(',');
  return address === '' ? [] : [declared(address, { isMaster: true, level: levelIn(options) ?? 'admin', from: '-S' })];
}

function levelIn(options: readonly string[]): string | undefined {
  const at = options.indexOf('level');
  return at === -1 ? undefined : options[at + 1];
}

/** The words of a line of a configuration file, without quotes and comment. */
function wordsOf(text: string): readonly string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\#])+|#.*/g) ?? [];
  return words.flatMap((word) =>
    word.startsWith('#') ? [] : [word.replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, '$1$2$3')],
  );
}

function declared(address: string, how: Pick<Unseen, 'isMaster' | 'level' | 'from'>): Unseen {
  const way = wayTo(address);
  return { ...how, socket: way ?? address, isReachable: way !== undefined };
}

/** How the host reaches it: an address that means all of them by its loopback. */
function wayTo(address: string): string | undefined {
  const path = address.replace(/^unix@/, '');
  if (path.includes('$')) return undefined;
  if (isAbsolute(path)) return path;
  const { family, host = '', port } = /^(?<family>ipv4@|ipv6@)?(?<host>.*):(?<port>\d+)$/.exec(address)?.groups ?? {};
  if (port === undefined || host.includes('@')) return undefined;
  const plain = host.replace(/^\[(.*)\]$/, '$1');
  if (plain === '::' || (family === 'ipv6@' && ['', '*'].includes(plain))) return `ipv6@[::1]:${port}`;
  if (['', '*', '0.0.0.0'].includes(plain)) return `ipv4@127.0.0.1:${port}`;
  return plain.includes(':') ? `ipv6@[${plain}]:${port}` : address;
}

function isListened({ socket, isReachable }: Unseen, listened: readonly string[]): boolean | undefined {
  if (!isReachable || !isAbsolute(socket) || listened.length === 0) return undefined;
  return listened.some((path) => bare(path) === socket);
}

/** A line of /proc/net/unix (proc_net_unix(5)), its path last. */
function listenedIn(line: string): string | undefined {
  return /^L \S+ \S+ \S+ \S+ \S+ \S+ +\d+ (\/.*)$/.exec(line)?.[1];
}

/** HAProxy binds `path.pid.tmp`, and then renames that: the kernel goes on to call it as it was bound. */
const BOUND = /\.\d+\.tmp$/;

function isByHaproxy(path: string): boolean {
  return BOUND.test(path);
}

function bare(path: string): string {
  return path.replace(BOUND, '');
}
