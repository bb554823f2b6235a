import { Failure } from '../../errors.ts';
import type { Journal } from '../ports/ports.ts';

/**
 * Waits until what is about to be done is in the journal. On the way home it is done all the same when it cannot be
 * written: a full disk must not keep a server out. The journal itself tells that it has failed, once.
 *
 * @throws Failure `error` for a step forward, before which nothing must be done then
 */
export async function beforeActing(journal: Journal, homeward: boolean): Promise<void> {
  try {
    await journal.settled();
  } catch (error) {
    if (!homeward || !(error instanceof Failure)) throw error;
  }
}
