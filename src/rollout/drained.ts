/** One look at a server that is being drained. */
export interface DrainSight {
  readonly atMs: number;
  /** HAProxy's process; another one means a reload, whose counters start from nothing. */
  readonly pid: number;
  /** Requests in hand and queued for the server. */
  readonly pending: number;
  /** HAProxy's count of retries and connection errors towards the server. */
  readonly retries: number;
}

/** What the looks so far amount to. */
export interface DrainProgress {
  readonly pid: number;
  readonly zeroes: number;
  readonly firstZeroAtMs: number;
  readonly retries: number;
  readonly retriesMovedAtMs: number | undefined;
}

/** One zero can be the gap between two requests of a sticky client; three over 100 ms are not. */
const ZEROES_NEEDED = 3;
const ZERO_FOR_MS = 100;

/**
 * A request that HAProxy is about to send again waits for up to a second and is in no counter meanwhile, so after
 * a retry the zeroes count only once the counters of retries have been still for longer than that.
 */
const RETRIES_STILL_MS = 1_200;

/** From a look before anything was taken: its counters are what later ones are compared with, its zeroes are none. */
export function firstProgress({ pid, retries }: Pick<DrainSight, 'pid' | 'retries'>): DrainProgress {
  return { pid, retries, zeroes: 0, firstZeroAtMs: 0, retriesMovedAtMs: undefined };
}

/** The zeroes are counted anew; what is known of retries stays. */
export function countedAnew(progress: DrainProgress): DrainProgress {
  return { ...progress, zeroes: 0 };
}

export function progressAfter(before: DrainProgress, sight: DrainSight): DrainProgress {
  // Whatever a process that began after the drain counts, it has counted since then.
  const known = before.pid === sight.pid ? before : firstProgress({ pid: sight.pid, retries: 0 });
  const zeroes = sight.pending === 0 ? known.zeroes + 1 : 0;
  return {
    pid: sight.pid,
    zeroes,
    firstZeroAtMs: zeroes > 1 ? known.firstZeroAtMs : sight.atMs,
    retries: sight.retries,
    retriesMovedAtMs: known.retries === sight.retries ? known.retriesMovedAtMs : sight.atMs,
  };
}

/** The counters have shown nothing for long enough; what is between two tries they do not show. */
export function isQuiet({ zeroes, firstZeroAtMs }: DrainProgress, nowMs: number): boolean {
  return zeroes >= ZEROES_NEEDED && nowMs - firstZeroAtMs >= ZERO_FOR_MS;
}

/**
 * `isHeld`: whether HAProxy itself says that something is attached to the server; undefined: it does not say. That may be a
 * request between two tries, or an idle connection that it keeps for one client (3.3 and later, with `pool-max-conn 0`):
 * what does not move within the time of a try is none.
 */
export function isDrained(progress: DrainProgress, nowMs: number, isHeld?: boolean): boolean {
  if (!isQuiet(progress, nowMs)) return false;
  const { retriesMovedAtMs, firstZeroAtMs } = progress;
  if (isHeld === true) return nowMs - Math.max(firstZeroAtMs, retriesMovedAtMs ?? 0) >= RETRIES_STILL_MS;
  return isHeld === false || retriesMovedAtMs === undefined || nowMs - retriesMovedAtMs >= RETRIES_STILL_MS;
}
