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

/**
 * The fewest servers that could take requests at any of the looks, one every 50 ms. An HAProxy that has just begun shows every
 * server as UP until its first check: there one can that could before, or has passed a check since.
 */
export function sampleUsable(host: Host): () => Promise<number> {
  const passed = new Map<string, boolean>();
  const isUsable = (row: Rows[number]): boolean => {
    const of = (column: string): string => row.get(column) ?? '';
    const name = of('srv_name');
    const isUp = of('srv_op_state') === '2';
    // The result of a check: 3 is "passed", 0 that one is under way, or was never begun ("show servers state").
    if (of('srv_admin_state') !== '0') passed.set(name, false);
    else if (of('srv_check_result') === '3') passed.set(name, true);
    else if (!isUp || !passed.has(name)) passed.set(name, isUp);
    return isUp && passed.get(name) === true && of('srv_uweight') !== '0';
  };
  return sampled(host, 50, Infinity, (least, rows) => Math.min(least, rows.filter(isUsable).length));
}
