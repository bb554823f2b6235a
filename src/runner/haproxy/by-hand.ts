import { reasonOf } from '../../errors.ts';
import { beforeActing } from '../instance/before-acting.ts';
import type { RunContext } from '../run.ts';

interface Wanted {
  readonly host: string;
  /** As the runtime API has it. */
  readonly text: string;
}

/** A change that a person asks for: told, and in the journal, before it is made and after. */
export async function byHand(
  wanted: Wanted,
  { report, journal }: Pick<RunContext, 'report' | 'journal'>,
  act: () => Promise<string>,
): Promise<string> {
  report({ type: 'runtime-asked', ...wanted });
  await beforeActing(journal, false);
  try {
    const outcome = await act();
    report({ type: 'runtime-answered', ...wanted, isOk: true, outcome: outcome.trim() });
    return outcome;
  } catch (error) {
    report({ type: 'runtime-answered', ...wanted, isOk: false, outcome: reasonOf(error) });
    throw error;
  }
}
