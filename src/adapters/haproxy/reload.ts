/** How an HAProxy is made to read its configuration again, without dropping a request. */
import { Failure, isOutOfReach, reasonOf } from '../../errors.ts';
import type { Reloaded } from '../../runner/ports/config-port.ts';
import { quoted, type Link } from '../link.ts';
import { parseFailedReloads, parseProc } from './answers.ts';
import type { Processes } from './processes.ts';
import type { Ask } from './runtime-socket.ts';
import { masterOf, seenProcesses, type RunThere } from './seen-processes.ts';

export interface Reloading {
  /** The worker that answers now. */
  readonly pid: number;
  /** The playbook's own command. */
  readonly command: string | undefined;
  readonly processes: Processes;
  readonly run: RunThere;
  /** Whether that is on the host. */
  readonly isHere: boolean;
  readonly link: Link;
  /** Its socket, for people. */
  readonly where: string;
}

type Way =
  | { readonly by: 'command'; readonly command: string }
  | { readonly by: 'master'; readonly master: Ask }
  | { readonly by: 'signal'; readonly master: number };

const RELOAD_WITHIN_MS = 60_000;

/** For people. @throws Failure `haproxy` when there is no way */
export async function wayOf(reloading: Reloading): Promise<string> {
  return wordsOf(await found(reloading));
}

/**
 * `turn`: lines for the shell of the host after which it is its turn, or it exits. What a master is told by its socket, or
 * by a signal within its container, it is told at once or never.
 */
export async function reloadBy(reloading: Reloading & { readonly turn: string }): Promise<Reloaded> {
  const way = await found(reloading);
  const how = wordsOf(way);
  const { link, run, turn, isHere } = reloading;
  switch (way.by) {
    case 'command': {
      // What the command starts, and leaves running, must not have the turn for ever.
      const line = `: ${quoted(way.command)}\n${turn}\n{ ${way.command}\n} 8>&-`;
      const { exitCode, stderr, stdout } = await link.run(line, { withinMs: RELOAD_WITHIN_MS });
      if (exitCode === 0) return { ok: true, how };
      const [said = ''] = `${stderr.trim()}\n${stdout.trim()}`.trim().split('\n');
      return { ok: false, why: `"${way.command}" ends with ${exitCode}${said === '' ? '' : `: ${said}`}` };
    }
    case 'signal': {
      const kill = `kill -USR2 ${way.master}`;
      const { exitCode, output } = await run(['sh', '-c', isHere ? `${turn}\n${kill}` : kill]);
      return exitCode === 0 ? { ok: true, how } : { ok: false, why: `cannot send SIGUSR2: ${output.trim()}` };
    }
    case 'master': {
      const refusal = await refusalOf(way.master);
      return refusal === undefined ? { ok: true, how } : { ok: false, why: refusal };
    }
  }
}

/**
 * From 2.7 on the master answers when it is done, `Success=1` or `Success=0` and what it says about it; before that it
 * closes without an answer, and begins. What it has said no to is known; of all else, the new worker tells.
 */
async function refusalOf(master: Ask): Promise<string | undefined> {
  try {
    const answer = await master('reload');
    if (!answer.startsWith('Success=0')) return undefined;
    const alert = answer.split('\n').find((line) => line.startsWith('[ALERT]'));
    return alert?.replace(/^\[ALERT\]\s*\(?[^:]*:\s*/, '').trim() ?? 'its master says that it failed';
  } catch (error) {
    if (error instanceof Failure && isOutOfReach(error)) return undefined;
    return reasonOf(error);
  }
}

/** How many reloads in a row have failed, as far as the master tells. */
export async function failedReloads({ processes }: Pick<Reloading, 'processes'>): Promise<number | undefined> {
  try {
    const master = await processes.master();
    return master && parseFailedReloads(await master('show proc'));
  } catch (error) {
    // It does not answer while it reads its configuration.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

async function found({ pid, command, processes, run, link, where }: Reloading): Promise<Way> {
  if (command !== undefined) return { by: 'command', command };
  const master = await processes.master();
  if (master && (await knows(master, pid))) return { by: 'master', master };
  const process = masterOf(pid, await seenProcesses(run));
  if (process) return { by: 'signal', master: process.pid };
  const why = 'it has no master (haproxy -W), or none that is to be seen: say how in balancer.config.reload';
  throw new Failure('haproxy', `Cannot reload HAProxy on ${link.host} (${where}): ${why}`);
}

/** A socket that is where it is by custom may be of another HAProxy, or of one that is gone. */
async function knows(master: Ask, pid: number): Promise<boolean> {
  try {
    return parseProc(await master('show proc')).includes(pid);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return false;
  }
}

function wordsOf(way: Way): string {
  switch (way.by) {
    case 'command':
      return way.command;
    case 'master':
      return "its master's socket";
    case 'signal':
      return `SIGUSR2 to its master, process ${way.master}`;
  }
}
