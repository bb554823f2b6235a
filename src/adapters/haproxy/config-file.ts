import { Failure } from '../../errors.ts';
import { placeName, type Balancer } from '../../rollout/model.ts';
import type { ConfigPort, Passage, Reloaded, Standings } from '../../runner/ports/config-port.ts';
import { quoted, type Link, type RunResult } from '../link.ts';
import { parseInfo, parseServersState } from './answers.ts';
import type { Inside } from './inside.ts';
import { passageOf, standingOf } from './passage.ts';
import type { Processes } from './processes.ts';
import { failedReloads, reloadBy, wayOf, type Reloading } from './reload.ts';
import type { Ask } from './runtime-socket.ts';
import { checkOf, filesOf, masterOf, seenProcesses, type RunThere } from './seen-processes.ts';
import { number } from './server-rows.ts';
import { takenBinds } from './taken-binds.ts';

/** A large configuration with many certificates takes its time. */
const CHECK_WITHIN_MS = 60_000;

/** Exit statuses of our own scripts. */
const [NO_FILE, NOT_OURS] = [66, 67];

export interface ConfigFileOptions {
  readonly balancer: Balancer;
  /** As HAProxy sees it. */
  readonly path: string;
  /** Command for the shell of the host. */
  readonly reload: string | undefined;
  readonly inside: Inside;
  /** Whether something is mounted at exactly this path, as HAProxy sees it. */
  readonly isMount: (path: string) => Promise<boolean>;
  readonly ask: Ask;
  readonly processes: Processes;
  /** Runs programs where HAProxy runs. */
  readonly run: RunThere;
  /** For the shell of the host: lines after which it is the turn of the next change, perhaps with all that it hears. */
  readonly turns: { next(hearing?: 'hears'): Promise<string> };
}

/** The configuration file of an HAProxy, on its host or in its container, changed by the shell of the host. */
export class ConfigFile implements ConfigPort {
  readonly #link: Link;
  readonly #options: ConfigFileOptions;
  #real: Promise<string> | undefined;

  constructor(link: Link, options: ConfigFileOptions) {
    this.#link = link;
    this.#options = options;
  }

  async read(): Promise<string | undefined> {
    return this.#textOf('$p', 'read it');
  }

  async refusal(text: string): Promise<string | undefined> {
    await this.#writeCandidate(text);
    try {
      const { exitCode, output } = await this.#options.run(await this.#check(), CHECK_WITHIN_MS);
      const { path } = this.#options;
      return exitCode === 0 ? undefined : complaintIn(output, candidateOf(await this.#path()), path);
    } finally {
      this.#checked('tidy up beside it', await this.#change('rm -f "$n"'));
    }
  }

  async takenBinds(from: string, to: string): Promise<readonly string[]> {
    const { output } = await this.#options.run(['sh', '-c', 'cat /proc/net/tcp /proc/net/tcp6 2> /dev/null']);
    return takenBinds(from, to, output);
  }

  async way(): Promise<string> {
    const { pid } = await this.standings();
    return wayOf(await this.#reloading(pid));
  }

  async standings(): Promise<Standings> {
    // In one line, so that one worker answers both.
    const answer = await this.#options.ask('show info; show servers state');
    const end = answer.indexOf('\n\n');
    const state = answer.slice(end + 2);
    const { balancer } = this.#options;
    const servers = parseServersState(state).map((row) =>
      standingOf(row, { balancer, backend: row.get('be_name') ?? '', name: row.get('srv_name') ?? '' }),
    );
    return { pid: number(parseInfo(answer.slice(0, end)), 'Pid'), servers, state };
  }

  async passage(from: string, to: string, { state }: Standings): Promise<Passage | undefined> {
    return passageOf({ from, to, state, statePath: stateOf(await this.#path()) });
  }

  async backUp(): Promise<void> {
    const script = `if [ -e "$p" ]; then cp -p "$p" "$b.part" && sync "$b.part" && mv -f "$b.part" "$b"; else rm -f "$b"; fi
[ "$?" -eq 0 ] || { rm -f "$b.part"; exit 74; }; sync "$(dirname "$p")"`;
    this.#checked('keep a copy of it', await this.#change(script));
  }

  async backedUp(): Promise<string | undefined> {
    return this.#textOf('$b', 'read the copy of it');
  }

  async put(text: string, state?: string): Promise<void> {
    if (state !== undefined) {
      const script = 'rm -f "$s"; (umask 022; cat > "$s") && sync "$s"';
      this.#checked('write the state of the servers beside it', await this.#change(script, state));
    }
    await this.#writeCandidate(text);
    this.#checked('replace it', await this.#change(await this.#replacing()));
  }

  async putBack(): Promise<void> {
    this.#checked('put back what it was', await this.#change(`cp -p "$b" "$n" && ${await this.#replacing()}`));
  }

  async tidy(): Promise<void> {
    this.#checked('tidy up beside it', await this.#change('rm -f "$n" "$s" "$b.part"'));
  }

  async reload(pid: number): Promise<Reloaded> {
    return reloadBy({ ...(await this.#reloading(pid)), turn: await this.#options.turns.next() });
  }

  failedReloads(): Promise<number | undefined> {
    return failedReloads(this.#options);
  }

  async #textOf(file: '$p' | '$b', what: string): Promise<string | undefined> {
    const result = await this.#sh(`[ -e "${file}" ] || exit ${NO_FILE}; cat "${file}"`);
    return result.exitCode === NO_FILE ? undefined : this.#checked(what, result).stdout;
  }

  async #reloading(pid: number): Promise<Reloading> {
    const { reload, processes, run, balancer } = this.#options;
    const isHere = balancer.container === undefined;
    return { ...{ pid, command: reload, processes, run, link: this.#link, isHere }, where: placeName(balancer) };
  }

  /** As what runs there was started, but with the candidate; what is not to be seen has only this file. */
  async #check(): Promise<readonly string[]> {
    const { path, run } = this.#options;
    const candidate = candidateOf(await this.#path());
    const { pid } = await this.standings();
    const seen = await seenProcesses(run);
    const process = masterOf(pid, seen) ?? seen.find((one) => one.pid === pid);
    if (!process) return ['haproxy', '-c', '-f', candidate];
    const words = checkOf(process, path, candidate);
    if (words.includes(candidate)) return words;
    const files = filesOf(process).join(', ');
    throw this.#failure('use it', `HAProxy was started with ${files === '' ? 'no file' : files}, not with it`);
  }

  /** Where HAProxy can read it, with the owner and the mode of the file; a new one may have secrets in it. */
  async #writeCandidate(text: string): Promise<void> {
    const isHere = this.#options.balancer.container === undefined;
    const shared = isHere ? '! chgrp haproxy "$n" 2> /dev/null || chmod 640 "$n"' : ':';
    const script = `rm -f "$n"; if [ -e "$p" ]; then cp -p "$p" "$n"; else (umask 077; : > "$n") && { ${shared}; }; fi || exit 74
[ ! -e "$p" ] || [ "$(stat -c '%u %g %a' "$p")" = "$(stat -c '%u %g %a' "$n")" ] ||
  { rm -f "$n"; echo "only its owner or root can keep its owner and mode" >&2; exit ${NOT_OURS}; }
cat > "$n" && [ "$(wc -c < "$n")" -eq ${Buffer.byteLength(text)} ] && sync "$n" || { rm -f "$n"; exit 74; }`;
    this.#checked('write a candidate beside it', await this.#change(script, text));
  }

  /** A file that is mounted by itself can only be written over: a rename would leave HAProxy with the old one. */
  async #replacing(): Promise<string> {
    if (await this.#options.isMount(await this.#path())) return 'cat "$n" > "$p" && sync "$p" && rm -f "$n"';
    return 'mv -f "$n" "$p" && sync "$(dirname "$p")"';
  }

  /** The path that HAProxy has it at, no symbolic link any more: what replaces it stands beside it. */
  async #path(): Promise<string> {
    this.#real ??= this.#resolved();
    return this.#real;
  }

  async #resolved(): Promise<string> {
    const { path, inside, balancer } = this.#options;
    if (balancer.container === undefined) {
      const { exitCode, stdout } = await this.#link.run(`readlink -f ${quoted(path)}`);
      return exitCode === 0 ? stdout.trim() : path;
    }
    const { exitCode } = await this.#link.run(`[ -L ${quoted(await inside.pathOf(path))} ]`);
    if (exitCode !== 0) return path;
    throw this.#failure('use it', 'it is a symbolic link in the container: name the file itself');
  }

  /** With `$p` the file, `$n` a new one, `$b` the one before, `$s` the state of the servers, seen from the host. */
  async #sh(script: string, { stdin = '', turn = '' }: { stdin?: string; turn?: string } = {}): Promise<RunResult> {
    const path = await this.#path();
    const [file = '', candidate = '', state = ''] = await Promise.all(
      [path, candidateOf(path), stateOf(path)].map((one) => this.#options.inside.pathOf(one)),
    );
    const named = `p=${quoted(file)} n=${quoted(candidate)} s=${quoted(state)}; b="$p.sluice-before"`;
    return this.#link.run(`${turn}\n${named}\n${script}`, { stdin, withinMs: CHECK_WITHIN_MS });
  }

  /** The same, unless a change that was asked for later has been made already. */
  async #change(script: string, stdin = ''): Promise<RunResult> {
    return this.#sh(script, { stdin, turn: await this.#options.turns.next(stdin === '' ? undefined : 'hears') });
  }

  #checked(what: string, result: RunResult): RunResult {
    if (result.exitCode === 0) return result;
    const [said = ''] = result.stderr.trim().split('\n');
    throw this.#failure(what, said === '' ? `exit status ${result.exitCode}` : said);
  }

  #failure(what: string, why: string): Failure {
    const { path, balancer } = this.#options;
    const where = balancer.container === undefined ? path : `${balancer.container}:${path}`;
    return new Failure(
      'haproxy',
      `Cannot ${what}, the configuration ${where} of HAProxy on ${this.#link.host}: ${why}`,
    );
  }
}

function candidateOf(path: string): string {
  return `${path}.sluice-new`;
}

function stateOf(path: string): string {
  return `${path}.sluice-state`;
}

/** The first line that says what is wrong, and where in the file that will be. */
function complaintIn(output: string, candidate: string, path: string): string {
  const lines = output.split('\n').filter((line) => line.startsWith('[ALERT]'));
  const told = lines.map((line) =>
    line
      .replace(/^\[ALERT\]\s*\(?[^:]*:\s*/, '')
      .replaceAll(candidate, path)
      .trim(),
  );
  if (told.length > 0) return told.slice(0, 3).join('; ');
  return output.trim().split('\n').at(-1) ?? '';
}
