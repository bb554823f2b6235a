import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { JournalFile, type JournalFileOptions } from '../adapters/journal/journal-file.ts';
import { pathOfRun, pruneRuns, type StoredRun } from '../adapters/journal/runs.ts';
import type { Failure } from '../errors.ts';
import type { Report } from '../rollout/events.ts';
import type { Journal } from '../runner/ports/ports.ts';
import type { Surroundings } from './surroundings.ts';

const RUNS_KEPT = 500;

/** Where journals are kept on this machine: `runs` in $SLUICE_STATE, or in `sluice` of the XDG state folder. */
export function runsFolder({
  SLUICE_STATE: own,
  XDG_STATE_HOME: xdg,
  HOME: home,
}: Surroundings['environment']): string {
  const isSet = (path: string | undefined): path is string => path !== undefined && path !== '';
  if (isSet(own)) return resolve(own, 'runs');
  const state = isSet(xdg) ? xdg : join(isSet(home) ? home : homedir(), '.local', 'state');
  return resolve(state, 'sluice', 'runs');
}

/** A run that is gone on with, by its journal. */
export type Earlier = Pick<StoredRun, 'run' | 'bytes' | 'events'>;

function optionsFor(run: string, folder: string, report: Report): JournalFileOptions {
  const onFailure = ({ message }: Failure): void => {
    report({ type: 'warning', host: '', text: message });
  };
  return { path: pathOfRun(folder, run), onFailure };
}

/** The journal of this run, which there is once something is to be changed, and not for a look. */
export class RunJournal implements Journal {
  #file: JournalFile | undefined;
  /** What an earlier process of this run has kept, and what waits to be kept after it. */
  #earlier: { readonly run: Earlier; readonly waiting: string[] } | undefined;

  /**
   * From now on what is appended is kept; that it cannot be any more is reported once.
   *
   * @throws Failure `error` when there can be none
   */
  async open(run: string, folder: string, report: Report): Promise<void> {
    this.#file = await JournalFile.create(optionsFor(run, folder, report));
    await pruneRuns(folder, RUNS_KEPT, run);
  }

  /** What is appended waits: the run may be alive still, and its journal is for it alone to write. */
  waitFor(run: Earlier): void {
    this.#earlier = { run, waiting: [] };
  }

  /**
   * What has waited is kept from now on, and what comes after it: the hosts of the run are ours.
   *
   * @throws Failure `locked` when somebody has gone on with it since it was read, `error` when it cannot be written
   */
  async goOn(folder: string, report: Report): Promise<void> {
    if (!this.#earlier || this.#file) return;
    const { run, waiting } = this.#earlier;
    const file = await JournalFile.goOn(optionsFor(run.run, folder, report), run.bytes);
    for (const line of waiting.splice(0)) file.append(line);
    this.#file = file;
    await file.settled();
    await pruneRuns(folder, RUNS_KEPT, run.run);
  }

  /** How many events it has, those of an earlier process among them. */
  get lines(): number {
    const { run, waiting = [] } = this.#earlier ?? {};
    return this.#file?.lines ?? (run?.events.length ?? 0) + waiting.length;
  }

  /** Whether what happens is kept, or is to be. */
  get isOpen(): boolean {
    return (this.#file ?? this.#earlier) !== undefined;
  }

  append(line: string): void {
    if (this.#file) this.#file.append(line);
    else this.#earlier?.waiting.push(line);
  }

  async settled(): Promise<void> {
    await this.#file?.settled();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}
