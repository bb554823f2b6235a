import { hostname } from 'node:os';
import { Failure } from '../errors.ts';
import type { RunHistory } from '../rollout/history.ts';
import { fateOf } from './past-runs.ts';
import type { CliSession } from './session.ts';

/**
 * What a run that is gone on with waits for until all of its hosts are held: to be sure that it is dead, and only then
 * to write its journal. Where its process cannot be looked for, its locks tell: they are found dead.
 */
export function onceHeld(history: RunHistory, isForced: boolean, { goOn }: Pick<CliSession, 'goOn'>) {
  return async (died: readonly string[]): Promise<void> => {
    const { run, machine } = history;
    if (fateOf(history) === 'elsewhere' && !isForced && !died.includes(run)) {
      const why = `no lock on its hosts shows that it died, and whether it still runs is known on ${machine} (this is ${hostname()})`;
      throw new Failure('locked', `Cannot go on with run ${run}: ${why}: look there, then say --force`);
    }
    await goOn();
  };
}
