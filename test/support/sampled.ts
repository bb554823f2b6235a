/** What HAProxy of the worker's host shows while something else goes on, look after look, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runtime } from '../../lab/lab.ts';
import { parseServersState } from '../../src/adapters/haproxy/answers.ts';
import { ownHost } from './own-host.ts';

type Rows = ReturnType<typeof parseServersState>;

/** Has every look added to what was seen; what is answered stops it, and tells. */
export function sampled<Seen>(
  everyMs: number,
  before: Seen,
  add: (seen: Seen, rows: Rows) => Seen,
): () => Promise<Seen> {
  const over = new AbortController();
  let seen = before;
  const sampling = (async () => {
    while (!over.signal.aborted) {
      seen = add(seen, parseServersState(await runtime(ownHost(), 'show servers state pxapp_cluster')));
      await sleep(everyMs);
    }
  })();
  return async () => {
    over.abort();
    await sampling;
    return seen;
  };
}

/** The fewest servers that could take requests at any of the looks, one every 50 ms. */
export function sampleUsable(): () => Promise<number> {
  return sampled(50, Infinity, (least, rows) => {
    const usable = rows.filter(
      (row) => row.get('srv_op_state') === '2' && row.get('srv_admin_state') === '0' && row.get('srv_uweight') !== '0',
    );
    return Math.min(least, usable.length);
  });
}
