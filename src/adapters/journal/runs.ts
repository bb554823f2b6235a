/** The journals of the runs that were started on this machine. */
import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, isRefusal, reasonOf } from '../../errors.ts';
import { EVENT_SCHEMA, type StampedEvent } from '../../rollout/events.ts';
import { instancesIn, replay, type RunHistory } from '../../rollout/history.ts';

const ENDING = '.jsonl';
/** A journal has its first line within this, in milliseconds, or its process is gone. */
const BEGUN_WITHIN_MS = 3_600_000;

export interface StoredRun {
  readonly run: string;
  readonly path: string;
  /** The size of the file when it was read. */
  readonly bytes: number;
  readonly events: readonly StampedEvent[];
  /** The last line was not written to its end, and is left out. */
  readonly isTorn: boolean;
}

export function pathOfRun(folder: string, run: string): string {
  return join(folder, `${run}${ENDING}`);
}

/**
 * The runs that have a journal, the latest first: their ids begin with the time.
 *
 * @throws Failure `error` when the folder cannot be read; none is no error
 */
export async function listRuns(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    const runs = names.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length));
    return runs.toSorted().toReversed();
  } catch (error) {
    if (isRefusal(error, 'ENOENT')) return [];
    throw new Failure('error', `Cannot read the journals in ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * @throws Failure `error` with file and line when a line other than a last one that was cut short is no event, or of a
 * form that is not known here
 */
export async function readRun(folder: string, run: string): Promise<StoredRun> {
  const path = pathOfRun(folder, run);
  let read: Buffer;
  try {
    read = await readFile(path);
  } catch (error) {
    throw new Failure('error', `Cannot read the journal ${path}: ${reasonOf(error)}`, { cause: error });
  }
  return { run, path, bytes: read.length, ...eventsIn(read.toString('utf8'), path) };
}

/** The command of a run, by the first line of its journal, whatever is wrong with the others; undefined if it does not tell. */
export async function commandIn(folder: string, run: string): Promise<string | undefined> {
  try {
    const [first = ''] = (await readFile(pathOfRun(folder, run), 'utf8')).split('\n', 1);
    const event: unknown = JSON.parse(first);
    const has = (key: string): unknown => (typeof event === 'object' && event ? Reflect.get(event, key) : undefined);
    const command = has('type') === 'run-started' ? has('command') : undefined;
    return typeof command === 'string' ? command : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What the text of a journal tells. `path` is for the errors.
 *
 * @throws Failure `error` as `readRun` does
 */
export function eventsIn(text: string, path: string): Pick<StoredRun, 'events' | 'isTorn'> {
  const lines = text.split('\n');
  const torn = lines.pop() ?? '';
  return { events: lines.map((line, index) => eventIn(line, `${path}:${index + 1}`)), isTorn: torn !== '' };
}

function eventIn(line: string, place: string): StampedEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Failure('error', `Cannot read the journal: ${place}: ${reasonOf(error)}`, { cause: error });
  }
  if (!isEvent(value)) throw new Failure('error', `Cannot read the journal: ${place}: it is no event`);
  if (value.schema !== EVENT_SCHEMA) {
    const why = `it has schema ${value.schema}, and this sluice knows ${EVENT_SCHEMA}`;
    throw new Failure('error', `Cannot read the journal: ${place}: ${why}; use the sluice that has written it`);
  }
  return value;
}

/** Events are our own; of which type they are, and so what else they have, is for the reader to look at. */
function isEvent(value: unknown): value is StampedEvent {
  if (typeof value !== 'object' || value === null) return false;
  const has = (key: string, type: string): boolean => typeof Reflect.get(value, key) === type;
  return has('schema', 'number') && has('seq', 'number') && ['ts', 'run', 'type'].every((key) => has(key, 'string'));
}

/**
 * What the events of a run have come to; undefined when its start is not among them.
 *
 * @throws Failure `error` with file and line when one of them lacks what events of its type have
 */
export function replayed({ events, path }: Pick<StoredRun, 'events' | 'path'>): RunHistory | undefined {
  try {
    return replay(events);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const isSound = (count: number): boolean => {
      try {
        replay(events.slice(0, count));
        return true;
      } catch {
        return false;
      }
    };
    let [good, bad] = [0, events.length];
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2);
      if (isSound(middle)) good = middle;
      else bad = middle;
    }
    const why = `the event "${events[good]?.type ?? ''}" is not whole`;
    throw new Failure('error', `Cannot read the journal: ${path}:${bad}: ${why}`, { cause: error });
  }
}

/**
 * Removes the oldest journals beyond the latest `keep`, but for those that somebody may still need: of runs that have
 * not ended, or have left something out of service, and those that cannot be read. `own`: that of this run, which is among
 * the oldest where the clock of the machine is wrong.
 */
export async function pruneRuns(folder: string, keep: number, own?: string): Promise<void> {
  const surplus = (await listRuns(folder)).slice(keep).filter((run) => run !== own);
  for (const run of surplus) {
    if (await isDone(folder, run)) await unlink(pathOfRun(folder, run)).catch(() => undefined);
  }
}

async function isNew(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path);
  return Math.abs(Date.now() - mtimeMs) < BEGUN_WITHIN_MS;
}

async function isDone(folder: string, run: string): Promise<boolean> {
  try {
    const stored = await readRun(folder, run);
    // Nothing was begun by a run that got no further than this, unless it has only just been made.
    if (stored.events.length === 0) return !(await isNew(stored.path));
    const history = replayed(stored);
    const isOpen = (state: string): boolean => state === 'inWork' || state === 'outOfService';
    return history?.outcome !== undefined && !instancesIn(history).some(({ state }) => isOpen(state));
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
