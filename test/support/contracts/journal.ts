import { expect, it } from 'vitest';
import { Failure } from '../../../src/errors.ts';
import type { Journal } from '../../../src/runner/ports/ports.ts';

/** A journal, and what fills the disk that it is on. */
export interface JournalAtHand {
  readonly journal: Journal;
  /** Tells the journal something, as a report would. */
  readonly tell: () => void;
  readonly fillDisk: () => void;
}

/** What every journal does. */
export function aJournal(make: () => Promise<JournalAtHand>): void {
  it('has settled when nothing was told yet', async () => {
    const { journal } = await make();

    await expect(journal.settled()).resolves.toBeUndefined();
  });

  it('settles for all who wait, once what was told is written', async () => {
    const { journal, tell } = await make();
    tell();

    await expect(Promise.all([journal.settled(), journal.settled()])).resolves.toHaveLength(2);
  });

  it('fails with a Failure when it cannot be written, then and from then on', async () => {
    const { journal, tell, fillDisk } = await make();
    fillDisk();
    tell();

    const failures = [await failureOf(journal), await failureOf(journal)];

    for (const failure of failures) expect(failure).toMatchObject({ name: 'Failure', code: 'error' });
    for (const failure of failures) expect(String(failure)).toMatch(/Cannot write the journal/);
  });
}

async function failureOf(journal: Journal): Promise<Failure | undefined> {
  try {
    await journal.settled();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
