/** The HAProxy processes of a host or of a container, as /proc has them. */

export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** The program's path; undefined where only its owner may see that. */
  readonly program: string | undefined;
  readonly words: readonly string[];
}

/** Runs a program where the processes are. */
export type RunThere = (
  words: readonly string[],
  withinMs?: number,
) => Promise<{
  readonly exitCode: number;
  readonly output: string;
}>;

/**
 * A script that prints a line for each: `P pid parent program`, then `A word` for each of its words, whose newlines are
 * left out, and what `more` prints, in which `$d` is its folder in /proc, and `$m` its parent.
 */
export function listOf(more = ':'): string {
  return `for d in /proc/[0-9]*; do
  { read -r c < $d/comm; } 2> /dev/null || continue
  case "$c" in haproxy*) ;; *) continue ;; esac
  s=; m=; while read -r k v _; do case "$k" in State:) s=$v ;; PPid:) m=$v; break ;; esac; done < $d/status
  case "$s" in ''|Z|X) continue ;; esac
  echo "P \${d##*/} $m $(readlink $d/exe 2> /dev/null)"
  tr '\\n\\0' ' \\n' < $d/cmdline | sed 's/^/A /'
  ${more}
done 2> /dev/null; :`;
}

export async function seenProcesses(run: RunThere): Promise<readonly SeenProcess[]> {
  const { output } = await run(['sh', '-c', listOf()]);
  return parseProcesses(output);
}

export function parseProcesses(output: string): readonly SeenProcess[] {
  const found: { pid: number; parent: number; program: string | undefined; words: string[] }[] = [];
  for (const line of output.split('\n')) {
    const [, pid, parent, program = ''] = /^P (\d+) (\d+) ?(.*)$/.exec(line) ?? [];
    const path = program.replace(/ \(deleted\)$/, '');
    if (pid !== undefined) {
      found.push({ pid: Number(pid), parent: Number(parent), program: path === '' ? undefined : path, words: [] });
    } else if (line.startsWith('A ')) found.at(-1)?.words.push(line.slice(2));
  }
  return found;
}

/** The master of a worker; undefined when it has none, or none that is to be seen. */
export function masterOf(pid: number, processes: readonly SeenProcess[]): SeenProcess | undefined {
  const worker = processes.find((one) => one.pid === pid);
  return worker && processes.find((one) => one.pid === worker.parent);
}

/** The files and folders that it was told to read, as its words have them; after `--` there are only files. */
export function filesOf({ words }: SeenProcess): readonly string[] {
  const end = words.indexOf('--');
  const before = end === -1 ? words : words.slice(0, end);
  const named = before.flatMap((word, index) => {
    if (before[index - 1] === '-f') return [word];
    return [];
  });
  return [...named, ...(end === -1 ? [] : words.slice(end + 1))];
}

/** What follows `-S`: an address with options, such as `/run/haproxy-master.sock,mode,600`. */
export function masterSocketOf({ words }: SeenProcess): string | undefined {
  const at = words.indexOf('-S');
  return at === -1 ? undefined : words[at + 1]?.split(',')[0]?.replace(/^unix@/, '');
}

/** How the configuration is looked through that these words name, with `candidate` instead of `path`. */
export function checkOf(
  { program, words }: Pick<SeenProcess, 'program' | 'words'>,
  path: string,
  candidate: string,
): readonly string[] {
  const files = filesOf({ pid: 0, parent: 0, program, words }).map((file) => (file === path ? candidate : file));
  const folder = words.indexOf('-C');
  const from = folder === -1 ? [] : ['-C', words[folder + 1] ?? ''];
  return [program ?? words[0] ?? 'haproxy', '-c', ...from, ...files.flatMap((file) => ['-f', file])];
}
