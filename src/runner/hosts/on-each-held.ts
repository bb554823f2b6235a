import pLimit, { type LimitFunction } from 'p-limit';
import type { Failure } from '../../errors.ts';
import { runEndOf } from '../../rollout/verdict.ts';
import type { RunContext, RunResult } from '../run.ts';
import { holdHosts, type HeldHost, type HeldHosts } from './held-hosts.ts';
import { settleHosts, type HostOutcome } from './settle.ts';

export interface OnEachHeld {
  readonly work: (host: HeldHost) => Promise<HostOutcome>;
  /** Before everything else. */
  readonly first?: (held: HeldHosts, context: RunContext & { readonly limit: LimitFunction }) => Promise<void>;
  /** Once all are held, and nothing is touched: throws where it is not to be. */
  readonly before?: (hosts: readonly HeldHost[]) => void;
  /** For what a run that died has left: its lock is taken, and so is the rest where an HAProxy cannot be had. */
  readonly claims?: { readonly goWithoutBalancer: (failure: Failure) => boolean };
}

/**
 * Holds hosts, works on them side by side, and lets go of them.
 *
 * @throws Failure when nothing was touched; what went wrong later is in the result
 */
export async function onEachHeld(
  names: readonly string[],
  { work, first, before, claims }: OnEachHeld,
  context: RunContext,
): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts(names, { ...context, limit, ...claims }, claims ? 'claim' : 'refuse');
  try {
    await first?.(held, { ...context, limit });
    const hosts = names.map((name) => ({ name, ...held.host(name) }));
    before?.(hosts);
    const rows = await settleHosts(hosts, (host) => limit(() => work(host)), context);
    return { end: runEndOf(rows.map(({ end }) => end)), hosts: rows };
  } finally {
    await held.release();
  }
}
