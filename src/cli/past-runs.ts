/** The runs of the past, by what the journals on this machine have of them. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { commandIn, listRuns, pathOfRun, readRun, replayed, type StoredRun } from '../adapters/journal/runs.ts';
import { Failure } from '../errors.ts';
import type { Fate } from '../report/history.ts';
import type { RunHistory } from '../rollout/history.ts';

/** How much the clock of this machine may have been set since a run began. */
const CLOCK_MAY_JUMP_MS = 60_000;
/** Linux counts the start of a process in these, since the start of the machine (proc(5)). */
const TICKS_PER_SECOND = 100;

export interface StoredHistory extends StoredRun {
  readonly history: RunHistory;
}

/**
 * The run of this id, or whose id alone begins so; `last` is the latest.
 *
 * @throws Failure `config` when there is none, or more than one
 */
export async function findRun(folder: string, wanted: string): Promise<string> {
  const runs = await listRuns(folder);
  const [latest] = runs;
  if (latest === undefined) throw new Failure('config', `Cannot find run ${wanted}: there is no journal in ${folder}`);
  if (wanted === 'last') return latest;
  if (runs.includes(wanted)) return wanted;
  const like = runs.filter((run) => run.startsWith(wanted));
  const [first, ...more] = like;
  if (first === undefined) {
    throw new Failure(
      'config',
      `Cannot find run ${wanted}: no journal in ${folder} has that name; see "sluice history"`,
    );
  }
  if (more.length === 0) return first;
  const some = like.length > 3 ? [...like.slice(0, 3), `${like.length - 3} more`] : like;
  throw new Failure('config', `Cannot tell which run ${wanted} is: ${some.join(', ')}`);
}

/** @throws Failure `error` when its journal cannot be read, or does not have its beginning */
export async function readHistory(folder: string, run: string): Promise<StoredHistory> {
  const stored = await historyIn(folder, run);
  if (!stored) {
    const path = pathOfRun(folder, run);
    throw new Failure('error', `Cannot read the journal ${path}: it does not have the run's beginning`);
  }
  return stored;
}

/**
 * The same, or undefined for a run that was over before it had told anything.
 *
 * @throws Failure `error` when its journal cannot be read
 */
export async function historyIn(folder: string, run: string): Promise<StoredHistory | undefined> {
  const stored = await readRun(folder, run);
  const history = replayed(stored);
  return history && { ...stored, history };
}

/**
 * The latest rollout that is wanted. A journal that cannot be read is passed over when it is of another command.
 *
 * @throws Failure `config` when it may be of the rollout that is looked for
 */
export async function latestRollout(
  folder: string,
  isWanted: (history: RunHistory) => boolean = () => true,
): Promise<StoredHistory | undefined> {
  for (const run of await listRuns(folder)) {
    try {
      const past = await historyIn(folder, run);
      if (past?.history.command === 'rollout' && isWanted(past.history)) return past;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const command = await commandIn(folder, run);
      if (command !== undefined && command !== 'rollout') continue;
      const why = `run ${run} may be it, and ${error.message}`;
      throw new Failure('config', `Cannot tell which rollout is the latest: ${why}: name the one that is meant`, {
        cause: error,
      });
    }
  }
  return undefined;
}

export function fateOf({ outcome, machine, pid, lastStartedAt }: RunHistory): Fate {
  if (outcome) return 'ended';
  if (machine !== hostname()) return 'elsewhere';
  return isRunning(pid, Date.parse(lastStartedAt)) ? 'running' : 'died';
}

/** Whether this process runs, and not another one that has got its number since, such as ourselves in a new container. */
function isRunning(pid: number, sinceMs: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything but "no such process" means that there is one, such as another user's.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
  const startedMs = startOf(pid);
  return startedMs === undefined || startedMs < sinceMs + CLOCK_MAY_JUMP_MS;
}

/** When the process began, or undefined where the system does not tell in Linux's way. */
function startOf(pid: number): number | undefined {
  try {
    const [, bootSeconds] = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
    // After the name, which may have blanks of its own, the start is the 20th word.
    const words = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
    const ms = (Number(bootSeconds) + Number(words[19]) / TICKS_PER_SECOND) * 1_000;
    return Number.isNaN(ms) ? undefined : ms;
  } catch {
    return undefined;
  }
}
