/** After `sluice drain --for`: waits until the time is over, and puts back what was drained. */
import { Failure } from '../../errors.ts';
import type { HostSummary } from '../../rollout/events.ts';
import { runEndOf } from '../../rollout/verdict.ts';
import { restoreOneByOne, withoutWork } from '../recovery/restore-over.ts';
import type { RunContext, RunResult } from '../run.ts';

/** Between two looks at what is noted on the hosts: others may restore it, or drain it for another time. */
const LOOK_EVERY_MS = 15_000;
/** How long a host that cannot be had when its time is over is waited for. */
const LATE_WITHIN_MS = 300_000;

interface Sight {
  readonly host: string;
  /** Until what this run has drained is to be put back; undefined: nothing is left of it, or it cannot be known. */
  readonly leftMs: number | undefined;
  /** Why the host cannot be had at the moment. */
  readonly failure: Failure | undefined;
}

/**
 * The hosts are not locked meanwhile, so that anybody may restore them. A signal ends the wait: then everything is put
 * back at once. When this process dies, only the wait does: the note on the hosts says until when.
 */
export async function holdOn(hosts: readonly string[], forMs: number, context: RunContext): Promise<RunResult> {
  const { clock, report, stop } = context;
  report({ type: 'hold-started', hosts, ms: forMs });
  const deadline = clock.now() + forMs + LATE_WITHIN_MS;
  const late = new Set<string>();
  const rows: HostSummary[] = [];
  let open = hosts;
  while (open.length > 0) {
    const isStopped = stop.beforeNext.aborted;
    const sights = await Promise.all(open.map((host) => look(host, context)));
    for (const { host, failure } of sights) {
      if (!failure || late.has(host) || clock.now() < deadline - LATE_WITHIN_MS) continue;
      late.add(host);
      report({ type: 'warning', host, text: `Its time is over, and it cannot be had yet: ${failure.message}` });
    }
    const gone = sights.filter(({ leftMs, failure }) => leftMs === undefined && !failure);
    for (const { host } of gone) {
      report({ type: 'warning', host, text: 'What was drained here has been restored, or drained anew, by others' });
    }
    const isDue = ({ leftMs, failure }: Sight): boolean =>
      failure ? isStopped || clock.now() >= deadline : leftMs !== undefined && (isStopped || leftMs <= 0);
    const due = sights.filter(isDue).map(({ host }) => host);
    rows.push(...gone.map(({ host }) => withoutWork(host, 'nothingToDo', '')), ...(await putBack(due, context)));
    open = sights.filter((one) => !gone.includes(one) && !isDue(one)).map(({ host }) => host);
    if (open.length > 0) await clock.sleep(untilNext(sights), stop.beforeNext);
  }
  const end = runEndOf(rows.map((row) => row.end));
  return { end: end === 'done' && stop.beforeNext.aborted ? 'interrupted' : end, hosts: rows };
}

async function look(host: string, { fleet, identity }: RunContext): Promise<Sight> {
  try {
    const access = await fleet.host(host);
    const own = (await access.record.read()).filter(({ kind, run }) => kind === 'drain' && run === identity.run);
    if (own.length === 0) return { host, leftMs: undefined, failure: undefined };
    const { now } = await access.system();
    const leftMs = Math.max(...own.map(({ until = '' }) => Date.parse(until) - now.getTime()));
    return { host, leftMs, failure: undefined };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return { host, leftMs: undefined, failure };
  }
}

function untilNext(sights: readonly Sight[]): number {
  return Math.min(LOOK_EVERY_MS, ...sights.flatMap(({ leftMs = 0 }) => (leftMs > 0 ? [leftMs] : [])));
}

/** The first signal only ends the wait: the way home it does not hinder. */
async function putBack(hosts: readonly string[], context: RunContext): Promise<readonly HostSummary[]> {
  const { stop, locking, identity } = context;
  const isStopped = stop.beforeNext.aborted;
  const rows = await restoreOneByOne(
    hosts,
    { servers: [], isWanted: ({ run }, isOver) => run === identity.run && (isStopped || isOver) },
    {
      ...context,
      stop: { ...stop, beforeNext: stop.forward },
      locking: { ...locking, waitMs: Math.max(locking.waitMs, LATE_WITHIN_MS) },
    },
  );
  return rows.map((row) => (row.end === 'unreachable' ? { ...row, end: 'outOfService' } : row));
}
