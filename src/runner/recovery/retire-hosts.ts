/** `sluice retire`: ends the old containers that a `blue-green` rollout has kept, before their time. */
import pLimit from 'p-limit';
import { keptSets } from '../../rollout/kept.ts';
import { runEndOf } from '../../rollout/verdict.ts';
import { holdHosts, type HeldHost } from '../hosts/held-hosts.ts';
import { settleHosts, type HostOutcome } from '../hosts/settle.ts';
import type { RunContext, RunResult } from '../run.ts';
import { endKept } from './end-kept.ts';

export interface RetireRequest {
  readonly hosts: readonly string[];
}

/** @throws Failure when nothing was touched; what went wrong later is in the result */
export async function retireHosts({ hosts }: RetireRequest, context: RunContext): Promise<RunResult> {
  const limit = pLimit(context.forks);
  const held = await holdHosts(hosts, { ...context, limit });
  try {
    const all = hosts.map((name) => ({ name, ...held.host(name) }));
    const rows = await settleHosts(all, (host) => limit(() => retireHost(host, context)), context);
    return { end: runEndOf(rows.map(({ end }) => end)), hosts: rows };
  } finally {
    await held.release();
  }
}

async function retireHost(held: HeldHost, context: RunContext): Promise<HostOutcome> {
  const sets = keptSets(held.undo.entries);
  if (sets.length === 0) return { end: 'nothingToDo', reason: '', counts: {} };
  const { ok, reason, count } = await endKept(held, sets, context);
  const all = sets.flatMap(({ containers }) => containers).length;
  return { end: ok ? 'updated' : 'outOfService', reason, counts: { updated: count, outOfService: all - count } };
}
