import { isFailed, type Outcome } from '../../lab/load/tally.ts';

/** Requests one after the other, each on a connection of its own, until it is told to stop: what failed. */
export function askingOn(ask: () => Promise<Outcome>): () => Promise<readonly Outcome[]> {
  const failed: Outcome[] = [];
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      const outcome = await ask();
      if (isFailed(outcome)) failed.push(outcome);
    }
  })();
  return async () => {
    over.abort();
    await asking;
    return failed;
  };
}
