import { Failure } from '../../../errors.ts';
import { commitAll } from '../committed.ts';
import { homeward } from '../../waiting/persist.ts';
import { isPassing } from '../../waiting/poll.ts';
import type { StepAction, StepWatch, Work } from '../work.ts';

/**
 * From here on the new containers of its company stay: one write to the record of the host says so of all of them, and
 * it is the same for all whether that has come off. Each of them serves, and no old one was removed yet.
 */
export const commit: StepAction = async (work, watch) => {
  const decide = (): Promise<void> => decided(work, watch);
  await (work.company?.decide('serving', decide) ?? decide());
  work.newServes = true;
  return 'all serve: the new containers stay';
};

/** @throws Failure that is not tried again: what one of them has given up on, the others have too */
async function decided(work: Work, watch: StepWatch): Promise<void> {
  const { undo, host } = work;
  try {
    await homeward(() => commitAll(work), watch);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // It was not written, and who goes home should not think that it may have been.
    if (!isPassing(error)) await undo.refresh();
    throw new Failure('error', `Cannot commit ${host.name} to what serves there now: ${error.message}`);
  }
}
