import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { JournalFile } from '../adapters/journal/journal-file.ts';
import { pathOfRun, pruneRuns } from '../adapters/journal/runs.ts';
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

/** The journal of this run, which there is once something is to be changed, and not for a look. */
export class RunJournal implements Journal {
  #file: JournalFile | undefined;

  /**
   * From now on what is appended is kept; that it cannot be any more is reported once. `goesOn`: after what an earlier
   * process of this run has kept.
   *
   * @throws Failure `error` when there can be none
   */
  async open(run: string, folder: string, report: Report, goesOn = false): Promise<void> {
    const onFailure = ({ message }: Failure): void => {
      report({ type: 'warning', host: '', text: message });
    };
    const options = { path: pathOfRun(folder, run), onFailure };
    this.#file = await (goesOn ? JournalFile.goOn(options) : JournalFile.create(options));
    await pruneRuns(folder, RUNS_KEPT);
  }

  /** How many events it has, those of an earlier process among them. */
  get lines(): number {
    return this.#file?.lines ?? 0;
  }

  /** Whether what happens is kept. */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  append(line: string): void {
    this.#file?.append(line);
  }

  async settled(): Promise<void> {
    await this.#file?.settled();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}
