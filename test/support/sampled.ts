/** What the HAProxy of a host shows while something else goes on, look after look, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../lab/host.ts';
import { runtime } from '../../lab/lab.ts';
import { parseServersState } from '../../src/adapters/haproxy/answers.ts';

type Rows = ReturnType<typeof parseServersState>;

/** Has every look added to what was seen, but for those at an HAProxy that does not run; what is answered stops it, and tells. */
export function sampled<Seen>(
  host: Host,
  everyMs: number,
  before: Seen,
  add: (seen: Seen, rows: Rows) => Seen,
): () => Promise<Seen> {
  const over = new AbortController();
  let seen = before;
  const sampling = (async () => {
    while (!over.signal.aborted) {
      const shown = await runtime(host, 'show servers state pxapp_cluster').catch(() => undefined);
      if (shown !== undefined) seen = add(seen, parseServersState(shown));
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
export function sampleUsable(host: Host): () => Promise<number> {
  return sampled(host, 50, Infinity, (least, rows) => {
    const usable = rows.filter(
      (row) => row.get('srv_op_state') === '2' && row.get('srv_admin_state') === '0' && row.get('srv_uweight') !== '0',
    );
    return Math.min(least, usable.length);
  });
}
